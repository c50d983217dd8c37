import Configuration
import Foundation
import Interchange

/// The directory of a run and the places in it.
package struct RunDirectory: Hashable, Sendable {
  /// The directory itself.
  package let path: String

  /// The run directory at `path`, which need not exist.
  package init(_ path: String) { self.path = path }

  /// The full effective configuration.
  package var configuration: String { Disk.join(path, "config.yaml") }
  /// What the run is made of, see `RunIdentity`.
  package var identity: String { Disk.join(path, "identity.json") }
  /// The summary of a finished run.
  package var summary: String { Disk.join(path, "summary.json") }
  /// Why the run could not go on, if it could not.
  package var failure: String { Disk.join(path, Self.failureName) }

  /// The name of that file.
  package static let failureName = "failure.json"
  /// The metrics, a line each.
  package var metrics: String { Disk.join(path, "metrics.jsonl") }
  /// The digests of each step.
  package var ledger: String { Disk.join(path, "ledger.jsonl") }
  /// The directory of checkpoints.
  package var checkpoints: String { Disk.join(path, "checkpoints") }
  /// The directory of the ranks' logs.
  package var ranks: String { Disk.join(path, "ranks") }

  /// The log of one rank: `ranks/0000.log`.
  package func log(ofRank rank: Int) -> String {
    Disk.join(ranks, String(format: "%04d.log", rank))
  }
}

extension RunDirectory {
  /// Makes the directory of a new run, with `checkpoints` and `ranks` in it.
  ///
  /// Of several processes that try at once, one succeeds. Fails if the directory holds a run already, if a file is
  /// in the way, and if it cannot be written to.
  package static func create(at path: String) throws(CheckpointError) -> RunDirectory {
    let run = RunDirectory(path)
    do throws(FileError) { try run.claim() } catch { throw run.refusal(error) }
    return run
  }

  private func claim() throws(FileError) {
    try Disk.makeDirectories(path)
    // The claim: the system lets one process make it.
    try Disk.makeDirectory(checkpoints)
    if Disk.kind(of: ranks) == .missing { try Disk.makeDirectory(ranks) }
    try Disk.synchronizeDirectory(path)
  }

  /// Makes the directory of the next run of its kind; of several processes that start at once each gets its own.
  package static func createNext(under directory: String, stem: String) throws(CheckpointError) -> RunDirectory {
    while true {
      let run = RunDirectory(nextFree(under: directory, stem: stem))
      do throws(FileError) {
        try run.claim()
        return run
      } catch  where error.code == EEXIST {
        // Another process was faster: the name is taken now, and the next one is tried.
      } catch {
        throw run.refusal(error)
      }
    }
  }

  /// Whether a run was killed here before it had written down what it is. Nothing is lost if another begins in its
  /// place. Somebody else's folder that happens to hold an empty one named checkpoints is none.
  package var isUnborn: Bool {
    guard Disk.isDirectory(ranks) else { return false }
    guard let names = try? Disk.names(in: checkpoints), names.isEmpty, Disk.kind(of: configuration) == .missing else {
      return false
    }
    return Disk.kind(of: ledger) == .missing || (try? OpenFile.at(ledger, for: .reading).count()) == 0
  }

  /// The directory of a run that goes on, with what a crash in its first moments has left out.
  ///
  /// Fails if a link stands where the run writes: following it would write where nobody has looked.
  package func reopened() throws(CheckpointError) -> RunDirectory {
    let places = [configuration, identity, summary, metrics, ledger, checkpoints, ranks]
    for place in places where Disk.kind(of: place) == .link {
      throw CheckpointError(
        "\(place) is a symbolic link, which is not followed for writing; put the file or folder itself there, or "
          + "choose another --run-dir")
    }
    do throws(FileError) {
      for place in [checkpoints, ranks] { try Disk.makeDirectories(place) }
    } catch {
      throw refusal(error)
    }
    return self
  }

  /// Writes down what the run is made of: for programs, and as a configuration that starts the same run again.
  package func record(_ identity: RunIdentity) throws {
    try Disk.replace(self.identity, with: RecordCoding.encode(identity, indented: true))
    let header =
      "# Every value in force, written by cnn-dist \(identity.program); cnn-dist train with this file repeats the "
      + "run.\n"
    try Disk.replace(configuration, with: Array((header + identity.configuration.text).utf8))
  }

  private func refusal(_ error: FileError) -> CheckpointError {
    switch error.code {
    case EEXIST:
      CheckpointError("\(path) already holds a run; continue it with --resume or choose another --run-dir")
    case ENOTDIR:
      CheckpointError("\(path) cannot be a run directory, a file is in the way; choose another --run-dir")
    case EACCES, EPERM, EROFS:
      CheckpointError("\(path) is not writable (\(error.reason)); choose another --run-dir")
    default:
      CheckpointError("\(path) cannot be made a run directory (\(error)); choose another --run-dir")
    }
  }

  /// The path of the next run of its kind: `runs/lenet5-digits-004` after `runs/lenet5-digits-003`.
  package static func nextFree(under directory: String, stem: String) -> String {
    let names = (try? Disk.names(in: directory)) ?? []
    let numbers = names.compactMap { name in
      name.hasPrefix(stem + "-") ? UInt32(name.dropFirst(stem.count + 1)) : nil
    }
    return Disk.join(directory, stem + String(format: "-%03d", Int(numbers.max() ?? 0) + 1))
  }

  /// The directory of the run with this name.
  package static func named(_ name: String, under directory: String = "runs") -> RunDirectory {
    RunDirectory(Disk.join(directory, name))
  }

  /// Why a run cannot have this name, as the end of a sentence; nil if it can.
  package static func problem(withName name: String) -> String? {
    if name.isEmpty { return "must not be empty" }
    if name.contains("/") { return "'\(name)' must not contain a slash; a path is given with --run-dir" }
    if name.hasPrefix(".") { return "'\(name)' must not begin with a point: the folder would be hidden" }
    // The system's limit for a file name is 255 bytes.
    let isPlain = name.utf8.count <= 200 && name.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    return isPlain ? nil : "must be a line of at most 200 bytes"
  }

  /// The run under `directory` whose latest checkpoint is the youngest; nil if no run there has one.
  package static func newest(under directory: String) -> RunDirectory? {
    let names = (try? Disk.names(in: directory)) ?? []
    let runs = names.map { RunDirectory(Disk.join(directory, $0)) }
    let dated = runs.compactMap { run in run.latestCommit.map { (run: run, date: $0) } }
    return dated.max { $0.date < $1.date }?.run
  }

  /// When the latest checkpoint was committed.
  private var latestCommit: Date? {
    guard let entry = try? CheckpointStore(directory: checkpoints).latest() else { return nil }
    let manifest = Disk.join(entry.path, CheckpointManifest.fileName)
    return try? FileManager.default.attributesOfItem(atPath: manifest)[.modificationDate] as? Date
  }
}
