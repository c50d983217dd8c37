import Checkpoints
import Configuration
import Optimizers
import Planner
import Testing
import Training

/// The first promise for optimizers that need more than SGD: moments, norms over the whole gradient, averaged weights,
/// frozen parts. Each on ranks that are threads, and resumed half way on another number of them.
@Suite struct OptimizerIdentityTests {
  /// The overrides of a run.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let overrides: [String]
  }

  static let cases = [
    Case(testDescription: "adamw", overrides: ["train.optimizer={adamw: {weight-decay: 0.05}}"]),
    Case(
      testDescription: "lamb clipped by norm",
      overrides: ["train.optimizer={lamb: {weight-decay: 0.01}}", "train.clip={norm: {maximum: 0.5}}"]),
    Case(
      testDescription: "lars clipped by value, all tensors adapted",
      overrides: ["train.optimizer={lars: {trust: 0.02, adapt-all: true}}", "train.clip={value: {maximum: 0.1}}"]),
    Case(
      testDescription: "sgd averaged with a frozen stem",
      overrides: ["train.ema={decay: 0.8}", "train.groups=[{match: stem.*, freeze: true}]"]),
    Case(
      testDescription: "rmsprop looking ahead",
      overrides: [
        "train.optimizer={rmsprop: {momentum: 0.5, centered: true}}", "train.lookahead={every: 3, rate: 0.5}",
      ]),
  ]

  @Test(.timeLimit(.minutes(4)), arguments: cases)
  func `ranks and lanes change no bit`(test: Case) throws {
    let blueprint = try LittleRun.blueprint(test.overrides)
    let alone = try LittleRun.run(blueprint, ranks: 1, lanes: 1)[0]
    #expect(alone.snapshot?.states.count == blueprint.updates.states.count)
    #expect((alone.evaluation?.average != nil) == (blueprint.updates.averaging != nil))
    for (ranks, lanes) in [(1, 3), (2, 1), (3, 2), (4, 1)] {
      let traces = try LittleRun.run(blueprint, ranks: ranks, lanes: lanes, seed: 1)
      #expect(traces[0].gradients == alone.gradients && traces[0].snapshot == alone.snapshot)
      #expect(traces[0].evaluation == alone.evaluation)
      for trace in traces { #expect(trace.parameters == alone.parameters && trace.metrics == alone.metrics) }
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: cases)
  func `a run that is resumed on other ranks ends with the same bits`(test: Case) throws {
    let blueprint = try LittleRun.blueprint(test.overrides)
    let (half, layout) = (LittleRun.steps / 2, blueprint.plan.layout)
    let whole = try LittleRun.run(blueprint, ranks: 1, lanes: 2)[0]
    let state = try #require(try LittleRun.run(blueprint, ranks: 3, lanes: 1, to: half)[0].snapshot)
    let train = blueprint.configuration.train
    let saved = SavedUpdates(
      since: state.statesSince, rule: train.optimizer.rule, averaging: train.ema, lookahead: train.lookahead,
      groups: train.groups)
    let back = try ModelTensors.state(
      model: ModelTensors.model(state, layout: layout),
      optimizer: ModelTensors.optimizer(state, updates: blueprint.updates, layout: layout), step: half, saved: saved,
      updates: blueprint.updates, layout: layout)
    let rest = try LittleRun.run(
      blueprint, ranks: 2, lanes: 1, from: TrainingState(bytes: back.bytes, count: layout.count))[0]
    // The trailer of the last step has the digests of the micro-batches, the rest of the flat buffer the run's state.
    for range in layout.parameters.map(\.range) + layout.statistics.flatMap({ [$0.mean, $0.variance] }) {
      #expect(rest.parameters[range] == whole.parameters[range])
    }
    let (ends, wanted) = (try #require(rest.snapshot?.states), try #require(whole.snapshot?.states))
    for (end, want) in zip(ends, wanted) {
      for parameter in layout.trainedParameters { #expect(end[parameter.range] == want[parameter.range]) }
    }
    #expect(rest.evaluation == whole.evaluation)
  }

  /// And each of them is a run of its own: no override is ignored.
  @Test(.timeLimit(.minutes(4)))
  func `each optimizer leads elsewhere`() throws {
    let ends = try Self.cases.map { test in
      try LittleRun.run(try LittleRun.blueprint(test.overrides), ranks: 1, lanes: 1)[0].parameters
    }
    #expect(Set(ends).count == ends.count)
  }
}
