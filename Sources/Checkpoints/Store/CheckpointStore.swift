// Checkpoints: what a run leaves on the disk, and what it is made of. `Store` commits and loads checkpoints, `Records`
// has the run directory with its lock, ledger, metrics and summary, `Tensors` turns the flat state of a run into
// tensors by name and back, `Identity` says what a run is made of and where two runs differ. Nothing here trains.

import Interchange

/// The points of a commit between which the process can be killed, for tests that do so.
package enum CommitStage: Hashable, Sendable {
  /// The hidden directory of the new checkpoint exists.
  case draftCreated
  /// A file of it is about to be written.
  case writing(String)
  /// A file of it is written and synchronized.
  case wrote(String)
  /// All files and the hidden directory are on the disk; the former checkpoint of the same step, if any, is set aside
  /// next.
  case draftComplete
  /// The former checkpoint of the same step is set aside.
  case replacedSetAside
  /// The new checkpoint has its name.
  case committed
  /// A new link stands beside the one it is to replace.
  case linking(String)
  /// A link points to the new checkpoint.
  case linked(String)
  /// A checkpoint is about to be removed, under a hidden name.
  case removing(String)
  /// All is done.
  case done
}

/// The checkpoints of a run: directories that appear, and are replaced and removed, as a whole. Whatever a crash
/// interrupts, the one committed before or the new one can be loaded.
///
/// One process at a time may commit into a directory; any number may read.
package struct CheckpointStore: Sendable {
  /// The directory that holds the checkpoints.
  package let directory: String
  /// Run when a new checkpoint is written but not yet committed, so that what must be on the disk first gets there.
  package var beforeCommit: @Sendable () throws -> Void = {}
  /// Told of each stage of a commit; what it throws is a failure of that stage.
  let faults: @Sendable (CommitStage) throws -> Void

  /// The store in `directory`, which need not exist.
  ///
  /// - Parameters:
  ///   - directory: such as `runs/NAME/checkpoints`.
  ///   - faults: for faults that are made on purpose: told of each stage of a commit.
  package init(
    directory: String, faults: @escaping @Sendable (CommitStage) throws -> Void = { _ in }
  ) {
    self.directory = directory
    self.faults = faults
  }

  /// The committed checkpoints by ascending step; none if the directory is missing or unreadable.
  package func list() -> [CheckpointEntry] { (try? entries()) ?? [] }

  /// The checkpoint committed last: where the link `latest` points, or, if that is missing or dangling, the one of
  /// the greatest step. Nil if there is none; fails if the directory cannot be read.
  package func latest() throws(CheckpointError) -> CheckpointEntry? {
    guard Disk.kind(of: directory) != .missing else { return nil }
    do {
      let entries = try entries()
      let target = Disk.target(ofLink: path(CheckpointName.latest))
      return entries.last { $0.name == target } ?? entries.last
    } catch {
      throw CheckpointError("the checkpoints cannot be read: \(error)")
    }
  }

  /// The name of the checkpoint after so many steps.
  package static func name(step: Int) -> String { CheckpointName.of(step: step) }

  /// The file of the weights in a checkpoint.
  package static let weightsFile = CheckpointPart.model.rawValue

  /// The path of `name` in the store.
  func path(_ name: String) -> String { Disk.join(directory, name) }

  private func entries() throws(FileError) -> [CheckpointEntry] {
    entries(named: Set(try Disk.names(in: directory).filter { isCommitted(path($0)) }))
  }

  /// The checkpoints among the directories of these names, by ascending step.
  func entries(named names: Set<String>) -> [CheckpointEntry] {
    let whole = names.compactMap { entry($0, at: $0) }
    // A crash between two renames leaves the former checkpoint of a step under its hidden name only.
    let aside = names.compactMap { hidden in
      CheckpointName.original(ofReplaced: hidden).flatMap { names.contains($0) ? nil : entry($0, at: hidden) }
    }
    return (whole + aside).sorted { $0.step < $1.step }
  }

  private func entry(_ name: String, at place: String) -> CheckpointEntry? {
    CheckpointName.step(of: name).map { CheckpointEntry(step: $0, name: name, path: path(place)) }
  }

  private func isCommitted(_ path: String) -> Bool {
    Disk.kind(of: path) == .directory && Disk.kind(of: Disk.join(path, CheckpointManifest.fileName)) != .missing
  }
}
