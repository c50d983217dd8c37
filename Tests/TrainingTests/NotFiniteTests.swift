import Checkpoints
import Collectives
import Planner
import TestSupport
import Testing
import Training

/// Steps whose loss or gradient is not finite: all ranks see them, and the state before them is whole.
@Suite struct NotFiniteTests {
  /// Weights so large that the activations overflow, or one weight that is none.
  @Test(.timeLimit(.minutes(10)), arguments: [1, 2, 3], [Float.nan, .infinity, 3e38])
  func `all ranks see it, and take back the same state`(ranks: Int, weight: Float) throws {
    let blueprint = try LittleRun.blueprint()
    var start = LittleRun.start(blueprint)
    let body = try #require(blueprint.plan.layout.parameters.first { $0.name.hasPrefix("block") })
    start.parameters[body.range.lowerBound] = weight
    let spoiled = start
    let found = try ThreadCluster.run(ranks: ranks, deadline: .seconds(60)) { communicator in
      let worker = try Worker(
        blueprint: blueprint, communicator: communicator, lanes: 1, state: spoiled, keepsUndo: true)
      defer { worker.end() }
      let metrics = try worker.step(0, votes: Votes())
      try worker.takeBack()
      return (metrics, try worker.snapshot(step: 0))
    }
    #expect(found.allSatisfy { !$0.0.isFinite && !$0.0.isGivenUp })
    #expect(found[0].1?.bytes == spoiled.bytes)
  }

  @Test func `a step as it should be is finite on all ranks`() throws {
    let traces = try LittleRun.run(try LittleRun.blueprint(), ranks: 3, lanes: 1, to: 3)
    #expect(traces.allSatisfy { $0.metrics.allSatisfy(\.isFinite) })
  }

  @Test func `the first tensor that is not finite is named, with its micro-batch`() throws {
    let blueprint = try LittleRun.blueprint()
    var parameters = LittleRun.start(blueprint).parameters
    let check = FiniteCheck()
    _ = try StepReplay(of: 0..<16, step: 2, parameters: parameters, blueprint: blueprint, check: check)
    #expect(check.found == nil)
    let weights = try #require(blueprint.plan.layout.parameters.first { $0.name == "fc.weight" })
    parameters[weights.range.lowerBound] = .infinity
    #expect(throws: RunError.self) {
      _ = try StepReplay(of: 3..<16, step: 2, parameters: parameters, blueprint: blueprint, check: check)
    }
    #expect(check.found?.layer == "fc", "\(String(describing: check.found))")
  }
}
