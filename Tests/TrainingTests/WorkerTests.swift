import Checkpoints
import Collectives
import Optimizers
import Planner
import TestSupport
import Testing
import Training

/// What a worker does beside keeping the bits.
@Suite struct WorkerTests {
  @Test(.timeLimit(.minutes(4)), arguments: [(1, 1), (2, 2), (3, 1), (4, 4), (7, 2)])
  func `every test sample is scored once`(ranks: Int, lanes: Int) throws {
    let blueprint = try LittleRun.blueprint()
    let traces = try LittleRun.run(blueprint, ranks: ranks, lanes: lanes, to: 0)
    let evaluation = try #require(traces[0].evaluation)
    #expect(evaluation.samples == LittleRun.testCount)
    #expect(traces.dropFirst().allSatisfy { $0.evaluation == nil })
    #expect(try LittleRun.run(blueprint, ranks: 1, lanes: 1, to: 0)[0].evaluation == evaluation)
  }

  /// The number of samples need not be a multiple of anything, and there may be fewer than ranks.
  @Test(.timeLimit(.minutes(4)), arguments: [1, 2, 3, 4, 59])
  func `any number of test samples is scored`(count: Int) throws {
    let blueprint = try LittleRun.blueprint(["data.test-count=\(count)"])
    let evaluations = try [1, 5].map { try LittleRun.run(blueprint, ranks: $0, lanes: 2, to: 0)[0].evaluation }
    #expect(evaluations[0]?.samples == count)
    #expect(evaluations[0] == evaluations[1])
  }

  @Test(.timeLimit(.minutes(4)), arguments: ["fixed", "any"], [0, 1, 2])
  func `votes of any rank reach all`(order: String, voter: Int) throws {
    let blueprint = try LittleRun.blueprint(["exchange.order=\(order)"])
    let traces = try LittleRun.run(blueprint, ranks: 3, lanes: 2, to: 4) { rank, step in
      var votes = Votes()
      votes.save = rank == voter && step == 1
      votes.stop = rank == voter && step >= 2
      return votes
    }
    for trace in traces {
      #expect(trace.metrics.map(\.save) == [false, true, false, false])
      #expect(trace.metrics.map(\.stop) == [false, false, true, true])
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `votes change no weight`() throws {
    let blueprint = try LittleRun.blueprint()
    let silent = try LittleRun.run(blueprint, ranks: 2, lanes: 1, to: 3)
    let voting = try LittleRun.run(blueprint, ranks: 2, lanes: 1, to: 3) { _, _ in
      var votes = Votes()
      (votes.stop, votes.save) = (true, true)
      return votes
    }
    let end = blueprint.plan.layout.parameterEnd
    #expect(voting[1].parameters.prefix(end) == silent[1].parameters.prefix(end))
    #expect(voting[0].gradients == silent[0].gradients)
  }

  /// k steps, a checkpoint on the disk, and the rest on other ranks and lanes are all the steps.
  @Test(.timeLimit(.minutes(4)), arguments: [(3, 2, 2, 1), (1, 1, 5, 1), (4, 1, 1, 2)])
  func `resumed run ends with the same bits`(ranks: Int, lanes: Int, laterRanks: Int, laterLanes: Int) throws {
    let blueprint = try LittleRun.blueprint()
    let whole = try LittleRun.run(blueprint, ranks: 2, lanes: 2)[0]
    let first = try LittleRun.run(blueprint, ranks: ranks, lanes: lanes, to: 5)[0]
    let state = try savedAndLoaded(try #require(first.snapshot), blueprint)
    #expect(state.step == 5)
    let rest = try LittleRun.run(blueprint, ranks: laterRanks, lanes: laterLanes, from: state)[0]
    #expect(rest.metrics == Array(whole.metrics[5...]))
    #expect(rest.microBatches == Array(whole.microBatches[5...]))
    #expect(rest.gradients == Array(whole.gradients[5...]))
    #expect(rest.snapshot?.bytes == whole.snapshot?.bytes)
    #expect(rest.evaluation == whole.evaluation)
  }

  private func savedAndLoaded(_ state: TrainingState, _ blueprint: Blueprint) throws -> TrainingState {
    let layout = blueprint.plan.layout
    let model = ModelTensors.model(state, layout: layout)
    let runState = RunState(
      identity: try RunIdentity(blueprint), step: state.step, workers: 1, lanes: 1,
      weightsSHA256: WeightsHash.sha256(model))
    let contents = CheckpointContents(
      model: model, optimizer: ModelTensors.optimizer(state, updates: blueprint.updates, layout: layout),
      state: runState)
    let loaded = try withTemporaryDirectory { directory in
      try CheckpointStore.load(try CheckpointStore(directory: directory).commit(contents, keep: 1, best: false))
    }
    return try ModelTensors.state(
      model: loaded.model, optimizer: loaded.optimizer, step: loaded.state.step,
      saved: SavedUpdates(since: 0, rule: SGD(), averaging: nil, lookahead: nil, groups: []),
      updates: blueprint.updates, layout: layout)
  }
}
