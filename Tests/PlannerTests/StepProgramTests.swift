import Network
import Planner
import Reference
import TestSupport
import Testing

/// The whole step as one value.
struct StepProgramTests {
  private func step(_ seed: UInt64, bucket: Int = 256) throws -> StepProgram {
    let network = RandomModel.network(seed: seed)
    var options = PlanOptions(microBatch: 3, microBatches: 5, bucketElements: bucket)
    if seed % 2 == 0 {
      options.freeze(partOf: try Planner.plan(network, options: options).layout, seed: seed, statistics: true)
    }
    let update = UpdateSummary(name: "rule", stateNames: ["first", "second"], trafficPerParameter: 7)
    return StepProgram(of: try Planner.plan(network, options: options), update: update)
  }

  @Test(arguments: UInt64(0)..<100)
  func `a step loads, runs every instruction in order, and ends with the metrics`(seed: UInt64) throws {
    let step = try step(seed)
    #expect(step.items.first?.action == .load && step.items.last?.action == .metrics)
    let instructions = step.items.compactMap { if case .compute(let index) = $0.action { index } else { nil } }
    #expect(instructions == Array(step.plan.training.instructions.indices))
    #expect(step.listing.count == step.items.count)
  }

  /// complete → reduce → update → gather, with nothing in between.
  @Test(arguments: UInt64(0)..<100)
  func `each bucket is reduced, updated and gathered as soon as it is complete`(seed: UInt64) throws {
    let step = try step(seed)
    for bucket in step.plan.layout.buckets.indices {
      let place = step.items.firstIndex { item in
        guard case .compute(let index) = item.action else { return false }
        return step.plan.training.instructions[index].operation == .bucketComplete(bucket)
      }
      let complete = try #require(place)
      let exchange = step.items[(complete + 1)...].prefix { $0.action.bucket != nil }.map(\.action)
      #expect(exchange.first == .reduce(bucket: bucket) && exchange.last == .gather(bucket: bucket))
      #expect(exchange.allSatisfy { $0.bucket == bucket } && Set(exchange).count == exchange.count)
    }
  }

  /// Whatever the size of the buckets.
  @Test(arguments: UInt64(0)..<60, [256, 1_024, 1 << 20])
  func `the buckets together update every trained parameter once and no other`(seed: UInt64, bucket: Int) throws {
    let step = try step(seed, bucket: bucket)
    let layout = step.plan.layout
    let bytes = { (isWanted: (StepProgram.Action) -> Bool) in
      step.items.filter { isWanted($0.action) }.reduce(0) { $0 + $1.bytes }
    }
    #expect(bytes { if case .update = $0 { true } else { false } } == 4 * 7 * layout.trainedCount)
    #expect(bytes { if case .gather = $0 { true } else { false } } == step.exchangedBytes)
    #expect(bytes { if case .reduce = $0 { true } else { false } } == 4 * 3 * 4 * layout.exchangedCount)
    let averaged = layout.updatedStatistics.reduce(0) { $0 + $1.mean.count + $1.variance.count }
    #expect(bytes { if case .average = $0 { true } else { false } } == 4 * 3 * averaged)
    #expect(step.items[0].bytes >= 4 * step.plan.training[step.plan.training.images].count)
  }

  @Test
  func `the listing names the rule and its states`() throws {
    let step = StepProgram(of: try plan(mixedNetwork))
    #expect(step.listing[0].contains("load") && step.listing[0].contains("4 samples → images, labels"))
    #expect(step.listing.contains { $0.contains("update SGD") && $0.contains("weights, momentum of ") })
    #expect(step.listing.contains { $0.contains("reduce") && $0.contains("gradients of 3 micro-batches") })
    #expect(step.listing.contains { $0.contains("average") && $0.contains("32 running means and variances") })
    #expect(step.listing.contains { $0.contains("gather") && $0.contains("every rank") })
    #expect(step.listing.last?.contains("votes") == true)
  }
}
