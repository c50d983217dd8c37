import Checkpoints
import Collectives
import Network
import Planner
import Randomness
import TestSupport
import Testing
import Training

/// Micro-batches that another rank computes again, and replicas that are compared.
@Suite struct RecomputationTests {
  // MARK: The sample

  @Test(arguments: [0.01, 0.1, 0.5, 1])
  func `the sample has the share that was asked for, on any number of ranks`(share: Double) throws {
    let configuration = try LittleRun.blueprint(["verify.recompute=\(share)"]).configuration
    let one = try #require(RecomputeSample(configuration, ranks: 1))
    let many = try #require(RecomputeSample(configuration, ranks: 5))
    let steps = 4000
    #expect((0..<steps).allSatisfy { one.microBatches(step: $0) == many.microBatches(step: $0) })
    let chosen = (0..<steps).reduce(0) { $0 + one.microBatches(step: $1).count }
    let all = Double(steps * LittleRun.microBatches)
    // Five standard deviations of a binomial distribution.
    #expect(abs(Double(chosen) - share * all) <= 5 * (all * share * (1 - share)).squareRoot())
  }

  @Test func `nothing is computed again unless it is asked for`() throws {
    #expect(RecomputeSample(try LittleRun.blueprint().configuration, ranks: 3) == nil)
  }

  /// The weights before the step, a gradient, and the images of a micro-batch.
  @Test func `what it takes is a part of the memory that is told`() throws {
    let plan = try LittleRun.blueprint().plan
    let (more, less) = (RankMemory(plan: plan, lanes: 2, recomputes: true), RankMemory(plan: plan, lanes: 2))
    let images = plan.training[plan.training.images].count
    #expect(more.total - less.total == 4 * (plan.layout.count + plan.layout.exchangedCount + images))
  }

  @Test(arguments: 1...16)
  func `a micro-batch goes to other ranks where there are some`(ranks: Int) throws {
    let configuration = try LittleRun.blueprint(["verify.recompute=1"]).configuration
    let sample = try #require(RecomputeSample(configuration, ranks: ranks))
    for microBatch in 0..<LittleRun.microBatches {
      let all = [sample.owner(of: microBatch), sample.verifier(of: microBatch), sample.judge(of: microBatch)]
      #expect(all.allSatisfy { (0..<ranks).contains($0) } && Set(all).count == min(3, ranks))
    }
  }

  /// All ways in which three results can be equal or not.
  @Test func `the one of three results that differs is wrong`() {
    let wrong = { (digests: [UInt64], ranks: [Int]) in Miscomputation.Results(digests: digests, ranks: ranks).wrong }
    #expect(wrong([5, 5, 5], [2, 0, 1]) == [])
    #expect(wrong([5, 7, 7], [2, 0, 1]) == [0])
    #expect(wrong([5, 7, 5], [2, 0, 1]) == [1])
    #expect(wrong([5, 7, 8], [2, 0, 1]) == [0, 1, 2])
    // Of two ranks the first computes twice, and may always come to the same wrong result.
    #expect(wrong([5, 7, 7], [1, 0, 1]) == [0])
    #expect(wrong([5, 7, 5], [1, 0, 1]) == [0, 1])
    #expect(wrong([5, 7, 5], [0, 0, 0]) == [1])
  }

  @Test(arguments: UInt64(0)..<100)
  func `those who do not have what most have are the minority`(seed: UInt64) {
    var random = RandomStream(seed: seed, purpose: .testing)
    let digests = (0..<random.pick(2...7)).map { _ in UInt64(random.integer(below: 3)) }
    let minority = Miscomputation.minority(of: digests)
    let most = Set(digests).first { digest in 2 * digests.filter { $0 == digest }.count > digests.count }
    #expect(minority == digests.indices.filter { digests[$0] != most })
  }

  // MARK: The run

  /// The steps of a little run, with a fault in one of them.
  private func found(
    _ settings: [String], ranks: Int, lanes: Int, network: NetworkDescription = LittleRun.network,
    chaos: ChaosPlan = .none, steps: Int = LittleRun.steps
  ) throws -> [[Miscomputation?]] {
    let blueprint = try LittleRun.blueprint(["verify.recompute=1"] + settings, network: network)
    return try ThreadCluster.run(ranks: ranks, deadline: .seconds(180)) { communicator in
      let worker = try Worker(
        blueprint: blueprint, communicator: communicator, lanes: lanes, state: LittleRun.start(blueprint),
        recomputes: true)
      defer { worker.end() }
      return try (0..<steps).map { step in
        let inspector = chaos.observer(
          step: step, rank: communicator.rank, blueprint.plan.training, beside: nil)
        _ = try worker.step(step, votes: Votes(), inspector: inspector)
        return try worker.recompute(step: step)
      }
    }
  }

  /// Batch normalization, dropout, augmentation and values that are computed twice: any rank comes to the same bits.
  @Test(
    .timeLimit(.minutes(4)),
    arguments: [[], ["exchange.order=any"], ["train.ema={}", "train.clip={norm: {maximum: 1}}"]],
    [(1, 1), (2, 2), (3, 1), (5, 3)])
  func `ranks that compute rightly are never blamed`(settings: [String], share: (Int, Int)) throws {
    #expect(try found(settings, ranks: share.0, lanes: share.1).joined().allSatisfy { $0 == nil })
    let deep = try found(
      settings + ["train.recompute=blocks"], ranks: share.0, lanes: share.1, network: LittleRun.deepNetwork, steps: 3)
    #expect(deep.joined().allSatisfy { $0 == nil })
  }

  /// All layers that write something: whoever flips a bit there is named, with the layer. Where nothing depends on the
  /// bit, as behind a ReLU that cuts it off, there is no fault to find.
  @Test(.timeLimit(.minutes(8)), arguments: [(1, 1), (2, 1), (3, 1), (4, 2)])
  func `a flipped bit is found with rank, layer and tensor`(share: (Int, Int)) throws {
    let (ranks, lanes) = share
    let blueprint = try LittleRun.blueprint(["train.recompute=blocks"], network: LittleRun.deepNetwork)
    let program = blueprint.plan.training
    let layers = Set(program.instructions.filter { $0.pass == .forward && !$0.writes.isEmpty }.map(\.path)).sorted()
    #expect(layers.count > 10)
    var count = 0
    for (number, layer) in layers.enumerated() {
      let (rank, step) = (number % ranks, number % 2)
      let chaos = try ChaosPlan(parsing: "flip=\(rank)@\(step):\(layer):22")
      let found = try found(
        ["train.recompute=blocks"], ranks: ranks, lanes: lanes, network: LittleRun.deepNetwork, chaos: chaos,
        steps: step + 1)
      #expect(Set(found.map { $0[step] }).count == 1, "all ranks find the same")
      guard let fault = found[0][step] else { continue }
      count += 1
      #expect(fault.ranks == [rank] && fault.layer == layer && fault.step == step, "\(layer): \(fault)")
      let writer = program.instructions.last { $0.pass == .forward && $0.path == layer && !$0.writes.isEmpty }
      #expect(fault.tensor == writer.map { program[$0.writes[0]].name }, "\(fault)")
      let own = ReductionTree.share(of: LittleRun.microBatches, rank: rank, ranks: ranks)
      #expect(fault.microBatch == own.lowerBound)
      #expect(fault.message.contains("rank \(rank) on ") && fault.message.contains("computes wrongly"))
    }
    #expect(2 * count > layers.count, "\(count) of \(layers.count) were found")
  }

  @Test func `a gradient that becomes NaN is found, too`() throws {
    let found = try found([], ranks: 3, lanes: 1, chaos: try ChaosPlan(parsing: "nan=1@2"), steps: 3)
    #expect(found[2][2]?.ranks == [1] && found[2][2]?.tensor?.hasPrefix("gradient of ") == true)
  }

  // MARK: Replicas

  @Test(arguments: 2...5)
  func `replicas that differ in one bit are found`(ranks: Int) throws {
    let blueprint = try LittleRun.blueprint()
    let names = Set(blueprint.plan.layout.parameters.map(\.name))
    for (number, parameter) in blueprint.plan.layout.parameters.enumerated() {
      let liar = number % ranks
      let found = try ThreadCluster.run(ranks: ranks, deadline: .seconds(60)) { communicator in
        var state = LittleRun.start(blueprint)
        if communicator.rank == liar {
          let bits = state.parameters[parameter.range.upperBound - 1].bitPattern ^ 1
          state.parameters[parameter.range.upperBound - 1] = Float(bitPattern: bits)
        }
        let worker = try Worker(blueprint: blueprint, communicator: communicator, lanes: 1, state: state)
        defer { worker.end() }
        return try worker.compareReplicas(after: 0)
      }
      // Of two nobody knows which one is right.
      #expect(found[0]?.ranks == (ranks == 2 ? [0, 1] : [liar]) && Set(found).count == 1)
      #expect(found[0]?.tensor == parameter.name && names.contains(parameter.name))
    }
  }

  @Test(.timeLimit(.minutes(2)), arguments: ["exchange.order=fixed", "exchange.order=any"])
  func `replicas are equal after each step`(order: String) throws {
    let blueprint = try LittleRun.blueprint([order])
    let found = try ThreadCluster.run(ranks: 3, deadline: .seconds(60)) { communicator in
      let worker = try Worker(
        blueprint: blueprint, communicator: communicator, lanes: 2, state: LittleRun.start(blueprint))
      defer { worker.end() }
      return try (0..<LittleRun.steps).map { step in
        _ = try worker.step(step, votes: Votes())
        return try worker.compareReplicas(after: step)
      }
    }
    #expect(found.joined().allSatisfy { $0 == nil })
  }
}
