import Configuration
import Testing
import Training

/// What happens after which step.
@Suite struct StepCalendarTests {
  /// Data of one file's worth of settings: samples, batch, epochs between two events.
  static let sizes = [(101, 48, 1.0), (101, 7, 1), (100, 10, 1), (5, 12, 1), (97, 6, 0.5), (97, 6, 2.5), (64, 8, 0.25)]

  private func directives(_ overrides: [String]) throws -> [StepCalendar.Directive] {
    let blueprint = try LittleRun.blueprint(overrides)
    let calendar = StepCalendar(blueprint)
    return (0..<blueprint.steps).map { calendar.directive(after: $0, metrics: .quiet) }
  }

  /// A boundary belongs to the step whose samples reach or pass it.
  @Test(arguments: sizes)
  func `each boundary has one step`(samples: Int, batch: Int, interval: Double) throws {
    let steps = 60
    let directives = try directives([
      "data.train-count=\(samples)", "train.global-batch=\(batch)", "train.micro-batch=1", "train.steps=\(steps)",
      "model=mlp", "evaluate.every-epochs=\(interval)", "checkpoint.every-epochs=\(interval)",
    ])
    // In whole numbers: quarters of epochs.
    let quarters = Int(interval * 4)
    let due = (1...steps).map { done in
      done == steps || 4 * done * batch / (samples * quarters) > 4 * (done - 1) * batch / (samples * quarters)
    }
    #expect(directives.map(\.evaluate) == due)
    #expect(directives.map(\.save) == due)
    #expect(directives.allSatisfy { !$0.stop })
    if batch <= samples * quarters / 4 {
      let boundaries = 4 * steps * batch / (samples * quarters)
      let isLastOnBoundary = 4 * steps * batch % (samples * quarters) < 4 * batch
      #expect(due.count { $0 } == boundaries + (isLastOnBoundary ? 0 : 1))
    }
  }

  /// An evaluation that is due at the end of an epoch comes at the first step past it, and is that epoch's.
  @Test func `an evaluation says the epoch that has ended`() throws {
    func labels(_ overrides: [String]) throws -> [String] {
      let blueprint = try LittleRun.blueprint(
        ["data.train-count=100", "train.global-batch=48", "train.micro-batch=1", "model=mlp"] + overrides)
      let calendar = StepCalendar(blueprint)
      return (1...blueprint.steps).filter { calendar.directive(after: $0 - 1, metrics: .quiet).evaluate }
        .map { calendar.evaluationLabel(after: $0) }
    }
    #expect(try labels(["train.steps=null", "train.epochs=3", "evaluate.every-epochs=1"]) == ["1", "2", "3"])
    #expect(
      try labels(["train.steps=null", "train.epochs=3", "evaluate.every-epochs=0.5"])
        == ["0.5", "1", "1.5", "2", "2.5", "3"])
    #expect(try labels(["train.steps=null", "train.epochs=2.5", "evaluate.every-epochs=null"]) == ["2.5"])
    #expect(try labels(["train.steps=null", "train.epochs=2.5", "evaluate.every-epochs=1"]) == ["1", "2", "2.5"])
    #expect(try labels(["train.steps=4", "evaluate.every-epochs=1"]) == ["1", "1.92"])
    #expect(try labels(["train.steps=1", "evaluate.every-epochs=0.1"]) == ["0.4"])
  }

  @Test func `the last step saves and evaluates`() throws {
    let directives = try directives([
      "train.steps=7", "evaluate.every-epochs=null", "checkpoint.every-epochs=null",
    ])
    #expect(directives.dropLast().allSatisfy { $0 == StepCalendar.Directive() })
    #expect(directives.last?.save == true && directives.last?.evaluate == true && directives.last?.stop == false)
  }

  @Test(arguments: [1, 2, 3, 7, 20])
  func `a run saves every so many steps and at its end`(interval: Int) throws {
    let directives = try directives([
      "train.steps=13", "checkpoint.every-epochs=null", "checkpoint.every-steps=\(interval)",
    ])
    #expect(directives.map(\.save) == (1...13).map { $0 % interval == 0 || $0 == 13 })
  }

  @Test func `votes are followed`() throws {
    let blueprint = try LittleRun.blueprint(["evaluate.every-epochs=null", "checkpoint.every-epochs=null"])
    let calendar = StepCalendar(blueprint)
    let stop = StepMetrics(loss: 1, correct: 0, samples: 48, stop: true)
    let save = StepMetrics(loss: 1, correct: 0, samples: 48, save: true)
    let stopping = calendar.directive(after: 3, metrics: stop)
    #expect(stopping.stop && stopping.save && !stopping.evaluate)
    let saving = calendar.directive(after: 3, metrics: save)
    #expect(!saving.stop && saving.save && !saving.evaluate)
    let last = calendar.directive(after: LittleRun.steps - 1, metrics: stop)
    #expect(!last.stop && last.save && last.evaluate, "who asks to stop after the last step gets a finished run")
  }

  @Test(arguments: [(1.0, 101, 48, 3), (2, 100, 10, 20), (0.5, 101, 7, 8), (0.001, 100, 10, 1), (3, 5, 12, 2)])
  func `steps follow from epochs`(epochs: Double, samples: Int, batch: Int, steps: Int) {
    var train = TrainConfiguration()
    (train.epochs, train.globalBatch) = (epochs, batch)
    #expect(train.stepCount(samples: samples) == steps)
    train.steps = 17
    #expect(train.stepCount(samples: samples) == 17)
  }

  @Test func `the blueprint counts epochs`() throws {
    let blueprint = try LittleRun.blueprint()
    #expect(blueprint.steps == LittleRun.steps)
    #expect(blueprint.epochs(after: 0) == 0)
    #expect(blueprint.epochs(after: 101) == 48)
    #expect(abs(blueprint.stepsPerEpoch - 101.0 / 48) < 1e-12)
  }
}

extension StepMetrics {
  /// The metrics of a step in which nobody asked for anything.
  fileprivate static let quiet = StepMetrics(loss: 1, correct: 0, samples: 1)
}
