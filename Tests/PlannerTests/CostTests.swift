import Network
import Operators
import Planner
import Reference
import TestSupport
import Testing

/// Arithmetic, traffic and the advice that follows from them.
struct CostTests {
  private func instructions(_ plan: StepPlan) -> [Instruction] { plan.training.instructions }

  @Test(arguments: UInt64(0)..<100)
  func `arithmetic and slots grow with the micro-batch, parameters do not`(seed: UInt64) throws {
    let network = RandomModel.network(seed: seed)
    let plans = try [2, 4, 6].map { try plan(network, batch: $0) }
    for (place, instruction) in instructions(plans[0]).enumerated() {
      let bytes = plans.map { $0.training.bytes(of: instructions($0)[place], layout: $0.layout) }
      #expect(bytes[1] - bytes[0] == bytes[2] - bytes[1], "\(instruction)")
      #expect(bytes[1] - bytes[0] >= 0)
      let flops = plans.map { $0.training.flops(of: instructions($0)[place]) }
      #expect(flops[1] == 2 * flops[0] && flops[2] == 3 * flops[0])
      #expect(flops[0] == 4 * instruction.operation.multiplyAdds)
    }
  }

  /// What an instruction writes and what it names is moved at least once; a bucket moves nothing by itself.
  @Test(arguments: UInt64(0)..<100)
  func `no instruction moves less than it writes or more than it touches`(seed: UInt64) throws {
    let plan = try plan(RandomModel.network(seed: seed))
    for instruction in instructions(plan) {
      let bytes = plan.training.bytes(of: instruction, layout: plan.layout)
      let written = instruction.writes.reduce(0) { $0 + plan.training[$1].count }
      let read = instruction.reads.reduce(0) { $0 + plan.training[$1].count }
      let used = instruction.parameters + instruction.writtenGradients
      let parameters = used.reduce(0) { $0 + plan.layout[$1].range.count }
      let statistics = instruction.statistics.map { plan.layout[$0].mean.count + plan.layout[$0].variance.count } ?? 0
      #expect(bytes >= 4 * (written + parameters + statistics), "\(instruction)")
      #expect(bytes <= 4 * (written + read + parameters + statistics), "\(instruction)")
      if case .bucketComplete = instruction.operation { #expect(bytes == 0) }
    }
  }

  @Test
  func `the bytes of a convolution are those of its three tensors`() throws {
    let plan = try plan(mixedNetwork, batch: 4)
    let first = try #require(instructions(plan).first { $0.path == "first" && $0.pass == .forward })
    let numbers = 4 * 3 * 64 + 4 * 16 * 64 + 16 * 27 + 16
    #expect(plan.training.bytes(of: first, layout: plan.layout) == 4 * numbers)
  }

  @Test(arguments: Zoo.models.map(\.name))
  func `the advice is a power of two in its range, and the smallest below the limit`(name: String) throws {
    let network = try #require(Zoo.model(name)).network
    var options = PlanOptions(microBatch: 1, microBatches: 1)
    let advice = try MicroBatchAdvice(for: network, options: options)
    #expect(MicroBatchAdvice.sizes.contains(advice.microBatch))
    let shares = try MicroBatchAdvice.sizes.map { size in
      options.microBatch = size
      return StepWork(of: try Planner.plan(network, options: options)).fixedShare
    }
    #expect(shares.allSatisfy { $0 > 0 && $0 < 1 })
    let place = try #require(MicroBatchAdvice.sizes.firstIndex(of: advice.microBatch))
    #expect(shares[place] == advice.fixedShare)
    #expect(shares[..<place].allSatisfy { $0 > MicroBatchAdvice.limit })
    #expect(shares[place] <= MicroBatchAdvice.limit || place == shares.count - 1)
  }

  /// A larger image is more work for the same weights.
  @Test(arguments: ["lenet5", "resnet20", "resnet18-cifar"])
  func `larger images never ask for larger micro-batches`(name: String) throws {
    let model = try #require(Zoo.model(name))
    let advice = try [32, 64, 128].map { size in
      let input = Shape(channels: model.usual.input.channels, height: size, width: size)
      let network = model.network(input: input, classes: model.usual.classes)
      return try MicroBatchAdvice(for: network, options: PlanOptions(microBatch: 1, microBatches: 1)).microBatch
    }
    // The dense layers of lenet5 grow with the image; those of the others do not.
    if name == "lenet5" { return #expect(advice.allSatisfy(MicroBatchAdvice.sizes.contains)) }
    #expect(advice == advice.sorted(by: >))
  }

  @Test(arguments: UInt64(0)..<100)
  func `the planner's choice is the first candidate, and no candidate comes twice`(seed: UInt64) throws {
    let plan = try plan(RandomModel.network(seed: seed), batch: 3)
    for instruction in instructions(plan) {
      guard let work = instruction.operation.convolution else { continue }
      let candidates = ConvolutionCandidates.algorithms(work.pass, work.geometry, batch: 3)
      #expect(candidates.first == work.algorithm)
      #expect(Set(candidates.map(\.name)).count == candidates.count)
      #expect(candidates.contains { $0.name == "im2col" })
    }
  }
}
