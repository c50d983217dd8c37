import Checkpoints
import Collectives
import Configuration
import Planner
import TestSupport
import Testing
import Training

/// The built-in run learns what it should.
@Suite struct LearningTests {
  /// A linear classifier stays far below this (see the tests of the digits).
  @Test(.timeLimit(.minutes(10)))
  func `lenet5 reads the digits`() throws {
    precondition(prepared)
    let blueprint = try Blueprint(try Configurations.read(path: nil, overrides: ["train.epochs=3", "lanes=2"]))
    let state = TrainingState(
      initial: blueprint.plan.layout, seed: blueprint.configuration.seed, updates: blueprint.updates)
    let worker = try Worker(blueprint: blueprint, communicator: SoloCommunicator(), lanes: 2, state: state)
    defer { worker.end() }
    for step in 0..<blueprint.steps { _ = try worker.step(step, votes: Votes()) }
    let evaluation = try #require(try worker.evaluate())
    #expect(evaluation.samples == 4000)
    #expect(evaluation.accuracy >= 0.98)
  }
}
