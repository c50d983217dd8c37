import Foundation
import Interchange

/// The right to write into a run directory: one process has it at a time. The system takes it back when the process
/// ends, however that ends, so nothing stale is ever left. Readers need none.
///
/// Source: flock(2); on NFS Linux makes a lock of the whole file of it, which other machines see.
package final class RunLock: Sendable {
  private static let fileName = "lock"
  /// Seconds for which a lock is tried: a process that was killed a moment ago may not have ended yet. Who would wait
  /// longer would take over from a run that is about to end, and not from a dead one.
  private static let patience = Duration.milliseconds(250)
  private let file: OpenFile

  private struct Holder: Codable {
    var host: String
    var process: Int32
    var since: String
  }

  /// Takes the lock of the run directory at `directory`, which must exist.
  ///
  /// - Throws: `RunError` with code `unusable` that names the holder if there is one.
  package init(_ directory: String) throws(CheckpointError) {
    let path = Disk.join(directory, Self.fileName)
    let isFree: Bool
    do throws(FileError) {
      file = try OpenFile.at(path, for: .appending)
      isFree = try Self.take(file)
    } catch {
      throw CheckpointError("\(error); a run directory has to be locked while it is written to")
    }
    guard isFree else { throw CheckpointError(Self.refusal(directory, path)) }
    note()
  }

  private static func take(_ file: borrowing OpenFile) throws(FileError) -> Bool {
    let started = ContinuousClock.now
    while ContinuousClock.now - started < patience {
      if try file.lock() { return true }
      usleep(20_000)
    }
    return try file.lock()
  }

  /// Tells others who holds the lock. That it holds does not depend on it.
  private func note() {
    let holder = Holder(
      host: ProcessInfo.processInfo.hostName, process: getpid(), since: Date().formatted(.iso8601))
    guard let bytes = try? RecordCoding.encode(holder) else { return }
    try? file.cut(to: 0)
    try? file.write(bytes)
  }

  private static func refusal(_ directory: String, _ path: String) -> String {
    let bytes = (try? Disk.read(path, limit: 1 << 12)) ?? []
    let holder = try? RecordCoding.decode(Holder.self, from: bytes)
    let who = holder.map { "process \($0.process) on \($0.host), since \($0.since)" } ?? "another process"
    return "\(directory) is in use by \(who); wait for its end, stop it, or choose another --run-dir"
  }
}
