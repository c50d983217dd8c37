import Foundation
import Interchange

/// Why a run could not go on: the file `failure.json` of a run directory. A rank writes it that finds or suffers a
/// failure, or, where no rank could, the launch that watches over them.
package struct FailureRecord: Codable, Hashable, Sendable {
  /// The exit code of a run of which a rank has died; the signal is not always known.
  package static let died: Int32 = 4

  /// The cause in words that are the same for the same cause, so that failures can be compared.
  package var cause: String
  /// The whole sentence: who, what, since when.
  package var message: String?
  /// The rank that failed.
  package var rank: Int?
  /// Its host.
  package var host: String?
  /// The step that was being taken.
  package var step: Int?
  /// What the rank was doing, in words.
  package var doing: String?
  /// The path of the layer whose numbers are to blame.
  package var layer: String?
  /// The tensor of it, as the plan names it.
  package var tensor: String?
  /// The micro-batch of the step.
  package var microBatch: Int?
  /// The samples of the micro-batch: number and name.
  package var samples: [String]?
  /// The last committed checkpoint.
  package var checkpoint: String?
  /// The command that continues the run.
  package var resume: String?
  /// The command that replays the rank's part of the step.
  package var replay: String?
  /// The exit code; 128 + the number of a signal.
  package var exitCode: Int32?

  private enum CodingKeys: String, CodingKey {
    case cause, message, rank, host, step, doing, layer, tensor, samples, checkpoint, resume, replay
    case microBatch = "micro-batch"
    case exitCode = "exit-code"
  }

  /// A failure with a cause.
  package init(_ cause: String, rank: Int? = nil, host: String? = nil, step: Int? = nil, exitCode: Int32? = nil) {
    (self.cause, self.rank, self.host, self.step, self.exitCode) = (cause, rank, host, step, exitCode)
  }

  /// The record in a file; nil if there is none, or if it is something else.
  package init?(readFrom path: String) {
    guard let bytes = try? Disk.read(path, limit: 1 << 20) else { return nil }
    guard let read = try? JSONDecoder().decode(FailureRecord.self, from: Data(bytes)) else { return nil }
    self = read
  }

  /// Writes the file. It says what stands on the screen, which a full disk must not hide: nothing is thrown.
  package func write(to path: String) {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    guard let text = try? encoder.encode(self) else { return }
    try? Disk.replace(path, with: Array(text + Data("\n".utf8)))
  }
}
