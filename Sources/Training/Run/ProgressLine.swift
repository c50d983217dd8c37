/// What is told of a run while it goes on, in parts, so that a narrow terminal gets the important ones.
package struct ProgressLine: Hashable, Sendable {
  /// One part, and how early it is left out: the highest number first.
  private let parts: [(text: String, order: Int)]

  /// A line of parts in their order; of two, the one with the larger number is left out first.
  package init(_ parts: [(text: String, order: Int)]) { self.parts = parts }

  /// All parts.
  package var whole: String { Self.joined(parts) }

  /// As many parts as fit, the important ones; of the last one, as much as fits. The texts are ASCII, a column each.
  package func fitted(to columns: Int) -> String {
    var kept = parts
    while kept.count > 1, Self.joined(kept).count > columns {
      guard let last = kept.indices.max(by: { kept[$0].order < kept[$1].order }) else { break }
      kept.remove(at: last)
    }
    return String(Self.joined(kept).prefix(max(0, columns)))
  }

  private static func joined(_ parts: [(text: String, order: Int)]) -> String {
    parts.map(\.text).joined(separator: "  ")
  }

  package static func == (a: ProgressLine, b: ProgressLine) -> Bool { a.whole == b.whole }
  package func hash(into hasher: inout Hasher) { hasher.combine(whole) }
}

/// How far a run is and how it goes.
struct Progress: Sendable {
  /// Epochs that have been passed, and those of the whole run.
  var epoch: Double
  var epochs: Double
  /// Steps that have been taken, and those of the whole run.
  var step: Int
  var steps: Int
  /// Mean over the steps since the last metrics.
  var loss: Double
  var accuracy: Double
  /// Images of all ranks a second.
  var imagesPerSecond: Double
  /// Share of the time that went into awaiting other ranks.
  var exchangeShare: Double
  /// Seconds to the end at the mean speed so far, evaluation and checkpoints left out.
  var secondsLeft: Double

  /// The figures for a person.
  var line: ProgressLine {
    ProgressLine([
      ("epoch \(Display.decimal(epoch, 2))/\(Display.decimal(epochs, 2))", 0), ("step \(step)/\(steps)", 5),
      ("loss \(Display.decimal(loss, 4))", 2), ("accuracy \(Display.percent(accuracy))", 3),
      ("\(Display.decimal(imagesPerSecond, 0)) images/s", 4), ("exchange \(Display.percent(exchangeShare))", 6),
      ("\(Display.duration(secondsLeft)) left", 1),
    ])
  }

  /// The figures for a program.
  var record: [String: ReportValue] {
    [
      "event": "progress", "epoch": .number(epoch), "epochs": .number(epochs), "step": .integer(step),
      "steps": .integer(steps), "loss": .number(loss), "accuracy": .number(accuracy),
      "images-per-second": .number(imagesPerSecond), "exchange-share": .number(exchangeShare),
      "seconds-left": .number(secondsLeft),
    ]
  }
}
