import Interchange

extension CheckpointStore {
  /// Points a link to `name`, at once: readers see the former target or the new one.
  func link(_ link: String, to name: String) throws {
    let draft = path(CheckpointName.draft(of: link))
    try Disk.remove(draft)
    try Disk.link(draft, to: name)
    try faults(.linking(link))
    try Disk.rename(draft, to: path(link))
    try Disk.synchronizeDirectory(directory)
    try faults(.linked(link))
  }

  /// Removes what interrupted commits left. A checkpoint that was set aside gets its name back if no new one has
  /// taken it.
  func sweep() throws {
    for name in try Disk.names(in: directory) {
      if CheckpointName.isLeftover(name) { try Disk.remove(path(name)) }
      if let original = CheckpointName.original(ofReplaced: name) { try restoreOrRemove(name, as: original) }
    }
  }

  /// Removes all but the newest `keep` checkpoints up to `step`, and all but the best one.
  func rotate(from step: Int, keep: Int) throws {
    let best = Disk.target(ofLink: path(CheckpointName.best))
    for old in list().filter({ $0.step <= step }).dropLast(keep) where old.name != best { try retire(old.name) }
    try sweep()
  }

  /// Removes the checkpoints after `step` and points `latest` to the newest that is left: the run was taken up again
  /// at an earlier point, and what came after it is no longer its past.
  ///
  /// Damaged ones are kept as `damaged-…`, and so are those of the names `passedOver`.
  package func discard(after step: Int, keeping passedOver: [String] = []) throws(CheckpointError) {
    guard Disk.isDirectory(directory) else { return }
    do {
      try keepDamaged(after: step, and: passedOver)
      try sweep()
      let entries = list()
      if let last = entries.last(where: { $0.step <= step }) { try link(CheckpointName.latest, to: last.name) }
      for late in entries where late.step > step { try retire(late.name) }
      try sweep()
      try removeLinkIfDangling(CheckpointName.best)
      try removeLinkIfDangling(CheckpointName.latest)
    } catch {
      throw CheckpointError("the checkpoints after step \(step) could not be removed: \(error)")
    }
  }

  private func restoreOrRemove(_ hidden: String, as original: String) throws {
    if Disk.kind(of: path(original)) == .missing {
      try Disk.rename(path(hidden), to: path(original))
      try Disk.synchronizeDirectory(directory)
    } else {
      try retire(hidden)
      try Disk.remove(path(CheckpointName.retired(hidden)))
    }
  }

  /// Takes a checkpoint's name away in one step; its files go afterwards, and nobody sees it half removed.
  private func retire(_ name: String) throws {
    try Disk.rename(path(name), to: path(CheckpointName.retired(name)))
    try Disk.synchronizeDirectory(directory)
    try faults(.removing(name))
  }

  private func removeLinkIfDangling(_ link: String) throws {
    guard Disk.kind(of: path(link)) == .link, !Disk.isDirectory(path(link)) else { return }
    try Disk.remove(path(link))
  }
}
