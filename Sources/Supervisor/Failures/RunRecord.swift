package import Checkpoints
import Foundation
import Interchange

/// What the directory of a run tells about its progress.
package struct RunRecord: Sendable {
  /// The directory, which need not exist yet.
  package let directory: RunDirectory

  /// The record of the run in a directory.
  package init(_ path: String) { directory = RunDirectory(path) }

  private var latest: CheckpointEntry? { try? CheckpointStore(directory: directory.checkpoints).latest() }

  /// The last committed checkpoint, as a path; nil if there is none.
  package var checkpoint: String? { latest?.path }

  /// The steps that it holds.
  package var savedStep: Int? { latest?.step }

  /// Whether the last checkpoint holds all steps of the ledger.
  package var isSaved: Bool { step.map { $0 == savedStep } ?? false }

  /// The last checkpoint and when it was committed: another value means that another one was.
  package var commit: String {
    checkpoint.map { "\($0) \(Self.stamp($0))" } ?? ""
  }

  /// The step that is being taken, by the ledger, whose last line is the step before; nil without a ledger.
  package var step: Int? {
    struct Line: Decodable {
      var step: Int
    }
    guard let file = FileHandle(forReadingAtPath: directory.ledger), let end = try? file.seekToEnd() else { return nil }
    defer { try? file.close() }
    // A line has a digest for each micro-batch, 20 bytes each: this holds one of a global batch of 50,000 of them.
    let start = end > 1 << 20 ? end - (1 << 20) : 0
    guard (try? file.seek(toOffset: start)) != nil, let tail = try? file.readToEnd() else { return nil }
    let lines = tail.split(separator: UInt8(ascii: "\n"))
    return lines.last.flatMap { try? JSONDecoder().decode(Line.self, from: Data($0)) }.map { $0.step + 1 }
  }

  /// A value that changes while the run takes steps, and while it saves.
  package var signsOfLife: String {
    let store = directory.checkpoints
    let names = ((try? Disk.names(in: store)) ?? []).sorted()
    let parts = names.flatMap { name -> [String] in
      let folder = Disk.join(store, name)
      return ((try? Disk.names(in: folder)) ?? []).sorted().map { Self.stamp(Disk.join(folder, $0)) }
    }
    return ([Self.stamp(directory.ledger)] + names + parts).joined(separator: " ")
  }

  /// What `failure.json` holds, if it is another one than `before`.
  package func failure(since before: String) -> FailureRecord? {
    failureStamp == before ? nil : FailureRecord(readFrom: directory.failure)
  }

  /// A value that changes when `failure.json` is written.
  package var failureStamp: String { Self.stamp(directory.failure) }

  /// Writes `failure.json`, if the directory is there.
  package func write(_ failure: Failure) {
    guard Disk.isDirectory(directory.path) else { return }
    failure.record.write(to: directory.failure)
  }

  /// Removes `failure.json`: the run has recovered from what stands in it.
  package func removeFailure() { try? Disk.remove(directory.failure) }

  /// The size and the time of a file; empty if there is none.
  private static func stamp(_ path: String) -> String {
    guard let facts = try? FileManager.default.attributesOfItem(atPath: path) else { return "" }
    let date = (facts[.modificationDate] as? Date)?.timeIntervalSinceReferenceDate ?? 0
    return "\(facts[.size] as? UInt64 ?? 0)@\(date)#\(facts[.systemFileNumber] as? UInt64 ?? 0)"
  }
}
