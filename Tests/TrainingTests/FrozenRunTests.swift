import Checkpoints
import Interchange
import Optimizers
import Planner
import Testing
import Training

/// Runs in which a part of the model is frozen.
@Suite struct FrozenRunTests {
  private static let names: Set = ["stem.weight", "stem.bias", "norm.weight", "norm.bias", "fc.bias"]

  private static func blueprint(statistics: Bool) throws -> Blueprint {
    let mode = statistics ? ", statistics: frozen" : ""
    let groups = ["stem.*", "norm.*", "fc.bias"].map {
      "{match: \"\($0)\", freeze: true\($0 == "norm.*" ? mode : "")}"
    }
    return try LittleRun.blueprint(["train.groups=[\(groups.joined(separator: ", "))]"])
  }

  @Test(.timeLimit(.minutes(4)), arguments: [true, false])
  func `ranks and lanes change no bit of a run with frozen parts`(statistics: Bool) throws {
    let blueprint = try Self.blueprint(statistics: statistics)
    let alone = try LittleRun.run(blueprint, ranks: 1, lanes: 1)[0]
    for (ranks, lanes) in [(1, 3), (2, 1), (3, 2)] {
      let traces = try LittleRun.run(blueprint, ranks: ranks, lanes: lanes, seed: 1)
      #expect(traces[0].gradients == alone.gradients && traces[0].snapshot == alone.snapshot)
      for trace in traces {
        #expect(trace.parameters == alone.parameters && trace.metrics == alone.metrics)
        #expect(trace.microBatches == alone.microBatches)
      }
      #expect(traces[0].evaluation == alone.evaluation)
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: [true, false])
  func `what is frozen stays as it is, and all else is trained`(statistics: Bool) throws {
    let blueprint = try Self.blueprint(statistics: statistics)
    let layout = blueprint.plan.layout
    let (start, end) = (LittleRun.start(blueprint), try LittleRun.run(blueprint, ranks: 2, lanes: 1)[0])
    let isMoved = { (range: Range<Int>) in
      zip(start.parameters[range], end.parameters[range]).contains { $0.bitPattern != $1 }
    }
    for parameter in layout.parameters {
      #expect(isMoved(parameter.range) == !Self.names.contains(parameter.name), "\(parameter.name)")
    }
    for part in layout.statistics { #expect(isMoved(part.mean) != statistics && isMoved(part.variance) != statistics) }
    let whole = try LittleRun.blueprint().plan.layout
    #expect(layout.exchangedCount < whole.exchangedCount && layout.parameterCount == whole.parameterCount)
    #expect(end.snapshot?.states.first?.count == layout.exchangedCount)
  }

  @Test(.timeLimit(.minutes(4)))
  func `a checkpoint holds all parameters, and a run goes on from it`() throws {
    let blueprint = try Self.blueprint(statistics: true)
    let (half, layout) = (LittleRun.steps / 2, blueprint.plan.layout)
    let whole = try LittleRun.run(blueprint, ranks: 2, lanes: 1)[0]
    let state = try #require(try LittleRun.run(blueprint, ranks: 1, lanes: 2, to: half)[0].snapshot)
    let model = ModelTensors.model(state, layout: layout)
    let optimizer = ModelTensors.optimizer(state, updates: blueprint.updates, layout: layout)
    let all = try LittleRun.blueprint().plan.layout
    #expect(Set(model.map(\.name)).isSuperset(of: all.parameters.map(\.name)))
    #expect(Set(optimizer.map(\.name)) == Set(layout.trainedParameters.map { "momentum.\($0.name)" }))
    let back = try ModelTensors.state(
      model: model, optimizer: optimizer, step: half,
      saved: SavedUpdates(since: 0, rule: blueprint.updates.rule, averaging: nil, lookahead: nil, groups: []),
      updates: blueprint.updates, layout: layout)
    let rest = try LittleRun.run(
      blueprint, ranks: 1, lanes: 1, from: TrainingState(bytes: back.bytes, count: layout.count))[0]
    for range in layout.parameters.map(\.range) + layout.statistics.flatMap({ [$0.mean, $0.variance] }) {
      #expect(rest.parameters[range] == whole.parameters[range])
    }
  }

  @Test func `freezing everything is refused`() throws {
    let error = #expect(throws: RunError.self) {
      try LittleRun.blueprint(["train.groups=[{match: \"*\", freeze: true}]"])
    }
    #expect(error?.code == .unusable && error?.description.contains("every parameter is frozen") == true)
  }
}
