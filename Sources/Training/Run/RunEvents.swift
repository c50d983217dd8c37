import Checkpoints
import Foundation

/// A score of the test data, as a run tells it.
struct EvaluationEvent: Sendable {
  /// The score.
  let evaluation: Evaluation
  /// The epoch whose end it belongs to, as text.
  let label: String
  /// Epochs that have been passed exactly.
  let epoch: Double
  /// Steps that have been taken, and those of the whole run.
  let step: Int
  let steps: Int
  /// Images of all ranks a second, over the whole run.
  let imagesPerSecond: Double

  /// The score for a person.
  var line: String {
    "epoch \(label)  step \(step)/\(steps)  test loss \(Display.decimal(evaluation.loss, 4))  test accuracy "
      + "\(Display.percent(evaluation.accuracy, 2)) of \(Display.count(evaluation.samples))  "
      + "\(Display.decimal(imagesPerSecond, 0)) images/s"
  }

  /// The score for a program.
  var record: [String: ReportValue] {
    [
      "event": "evaluation", "epoch": .number(epoch), "step": .integer(step), "steps": .integer(steps),
      "test-loss": .number(evaluation.loss), "test-accuracy": .number(evaluation.accuracy),
      "ema-test-loss": evaluation.average.map { .number($0.loss) } ?? .nothing,
      "ema-test-accuracy": evaluation.average.map { .number($0.accuracy) } ?? .nothing,
      "samples-evaluated": .integer(evaluation.samples), "images-per-second": .number(imagesPerSecond),
    ]
  }

  /// The score of the averaged weights for a person; nil without them.
  var averageLine: String? {
    evaluation.average.map {
      "averaged weights: test loss \(Display.decimal($0.loss, 4))  test accuracy \(Display.percent($0.accuracy, 2))"
    }
  }
}

/// The end of a run, also of one that was asked to stop.
struct EndEvent: Sendable {
  /// The last checkpoint; nil if there is none.
  let checkpoint: String?
  /// The hash of the weights.
  let weightsSHA256: String
  /// Steps that have been taken, and those of the whole run.
  let step: Int
  let steps: Int
  /// The run directory.
  let directory: String
  /// Seconds since the start.
  let wallSeconds: Double

  /// The line by which tests and scripts know the weights.
  var line: String { "checkpoint \(checkpoint ?? "none")  weights-sha256 \(weightsSHA256)" }

  /// The same for a program.
  var record: [String: ReportValue] {
    [
      "event": "end", "checkpoint": checkpoint.map { .text($0) } ?? .nothing, "weights-sha256": .text(weightsSHA256),
      "step": .integer(step), "steps": .integer(steps), "run-directory": .text(directory),
      "wall-seconds": .number(wallSeconds),
    ]
  }
}

/// Events without a form of their own for people.
enum RunEvent {
  /// What the person should know.
  static func note(_ text: String) -> [String: ReportValue] { ["event": "note", "text": .text(text)] }

  /// What goes wrong without being a failure.
  static func warning(_ text: String) -> [String: ReportValue] { ["event": "warning", "text": .text(text)] }

  /// A line of `metrics.jsonl`.
  static func metrics(_ entry: MetricsEntry) -> [String: ReportValue] {
    [
      "event": "metrics", "step": .integer(entry.step), "epoch": .number(entry.epoch), "loss": .number(entry.loss),
      "accuracy": number(entry.accuracy), "samples": entry.samples.map { .integer($0) } ?? .nothing,
      "learning-rate": number(entry.learningRate), "images-per-second": number(entry.imagesPerSecond),
      "exchange-share": number(entry.exchangeShare), "wall-seconds": number(entry.wallSeconds),
    ]
  }

  private static func number(_ value: Double?) -> ReportValue { value.map { .number($0) } ?? .nothing }
}
