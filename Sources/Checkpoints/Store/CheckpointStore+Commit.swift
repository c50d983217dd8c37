import Configuration
import Foundation
package import Interchange

extension CheckpointStore {
  /// Writes a checkpoint and commits it as a whole, points `latest` (and `best`) to it, and removes what is too old.
  ///
  /// - Parameters:
  ///   - contents: what to save; its step gives the name. A former checkpoint of that step is replaced.
  ///   - keep: how many of the newest to keep, at least 1; the best one is kept besides. Checkpoints of later steps,
  ///     left by a run that was taken up again before them, are neither counted nor removed.
  ///   - best: whether this is the best one so far.
  /// - Returns: the path of the checkpoint.
  /// - Throws: with the former checkpoints intact. The message tells whether this one was saved.
  @discardableResult
  package func commit(
    _ contents: CheckpointContents, keep: Int, best: Bool
  ) throws(CheckpointError) -> String {
    let name = CheckpointName.of(step: contents.state.step)
    // On failure, a second one of the sweep would only hide the first; the next commit tidies up as well.
    do {
      try write(contents, as: name)
    } catch {
      try? sweep()
      throw writeFailure(error, of: name, needing: Self.requiredBytes(contents))
    }
    do {
      try link(CheckpointName.latest, to: name)
      if best { try link(CheckpointName.best, to: name) }
      try rotate(from: contents.state.step, keep: max(1, keep))
      try faults(.done)
    } catch {
      try? sweep()
      throw CheckpointError(
        "checkpoint \(name) is saved in \(directory), but the directory could not be put in order: \(error)")
    }
    return path(name)
  }

  private func write(_ contents: CheckpointContents, as name: String) throws {
    try Disk.makeDirectories(directory)
    try sweep()
    let draft = path(CheckpointName.draft(of: name))
    try Disk.makeDirectory(draft)
    try faults(.draftCreated)
    try fill(draft, with: contents)
    try beforeCommit()
    try faults(.draftComplete)
    try setAside(name)
    try Disk.rename(draft, to: path(name))
    try faults(.committed)
    try Disk.synchronizeDirectory(directory)
  }

  private func fill(_ draft: String, with contents: CheckpointContents) throws {
    var manifest = CheckpointManifest()
    for part in CheckpointPart.allCases {
      let bytes = try part.encode(contents)
      manifest.add(part.rawValue, bytes)
      try write(bytes, to: part.rawValue, in: draft)
    }
    try write(try RecordCoding.encode(manifest, indented: true), to: CheckpointManifest.fileName, in: draft)
    try Disk.synchronizeDirectory(draft)
  }

  private func write(_ bytes: [UInt8], to name: String, in draft: String) throws {
    try faults(.writing(name))
    try Disk.write(bytes, to: Disk.join(draft, name))
    try faults(.wrote(name))
  }

  /// Makes room for a new checkpoint of that name. Until it is there, readers find the former one under its hidden
  /// name.
  private func setAside(_ name: String) throws {
    guard Disk.kind(of: path(name)) != .missing else { return }
    try Disk.rename(path(name), to: path(CheckpointName.replaced(name)))
    try faults(.replacedSetAside)
  }
}

extension CheckpointStore {
  /// The bytes that a checkpoint of these contents takes on the disk, rounded up.
  package static func requiredBytes(_ contents: CheckpointContents) -> UInt64 {
    let overhead = 1 << 14
    let tensors = (contents.model + contents.optimizer).map {
      // The entry in the header: name, type, shape, offsets.
      $0.elements.byteCount + 128 + 2 * $0.name.utf8.count
    }
    return UInt64(tensors.reduce(overhead + 2 * contents.state.identity.configuration.text.utf8.count, +))
  }

  /// The bytes that may still be written to the file system that holds `path`, or would hold it.
  package static func freeBytes(at path: String) throws(FileError) -> UInt64 { try Disk.freeBytes(at: path) }

  private func writeFailure(_ error: any Error, of name: String, needing needed: UInt64) -> CheckpointError {
    let failure = error as? FileError
    let reason = failure.map { $0.code == 0 ? $0.description : $0.reason } ?? "\(error)"
    let previous = (try? latest()).map { "the previous checkpoint \($0.name) is intact" }
    return CheckpointError(
      "checkpoint \(name) could not be written to \(directory): \(reason)\(space(needed, failure)); "
        + "\(previous ?? "there is no earlier one"), \(remedy(failure)) "
        + (previous == nil ? "and start again" : "and resume with --resume"))
  }

  /// The sizes, where space is what was lacking.
  private func space(_ needed: UInt64, _ failure: FileError?) -> String {
    guard let failure, [ENOSPC, EDQUOT, EFBIG].contains(failure.code) else { return "" }
    let free = (try? Self.freeBytes(at: directory)).map { ", \(megabytes($0)) are free" } ?? ""
    return " (needed about \(megabytes(needed))\(free))"
  }

  private func remedy(_ failure: FileError?) -> String {
    switch failure?.code {
    case ENOSPC, EDQUOT: "free some space"
    case EFBIG: "raise the limit of file sizes (ulimit -f)"
    case EACCES, EPERM, EROFS: "make the directory writable"
    default: "mend the cause"
    }
  }

  private func megabytes(_ bytes: UInt64) -> String { String(format: "%.1f MB", Double(bytes) / 1e6) }
}
