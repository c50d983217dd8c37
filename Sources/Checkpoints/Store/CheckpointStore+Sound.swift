import Interchange

/// A checkpoint that was found, and what was passed over on the way.
package struct FoundCheckpoint: Equatable, Sendable {
  /// A checkpoint that is not what its writer wrote, or another run's.
  package struct PassedOver: Hashable, Sendable {
    /// Its name, such as `step-0000391`.
    package let name: String
    /// What is wrong with it, such as "model.safetensors is missing" or "it is another run's: …".
    package let finding: String
  }

  /// Its directory, or a link to it.
  package let path: String
  /// What it holds.
  package let contents: CheckpointContents
  /// The newer ones that cannot be used, the newest first.
  package let passedOver: [PassedOver]

  /// A checkpoint that was found.
  package init(path: String, contents: CheckpointContents, passedOver: [PassedOver] = []) {
    self.path = path
    self.contents = contents
    self.passedOver = passedOver
  }
}

extension CheckpointStore {
  /// The checkpoint committed last; where that is torn, flipped, incomplete or another run's, the next older one that
  /// is sound. Changes nothing.
  ///
  /// - Parameter foreignness: what makes a checkpoint another run's, as the end of a sentence; nil if it is this one's.
  /// - Returns: nil if there is none, not even a damaged one.
  /// - Throws: if none can be used, and if one cannot be read: that may pass, and is no reason to fall back.
  package func newestSound(
    foreignness: (RunIdentity) -> String? = { _ in nil }
  ) throws(CheckpointError) -> FoundCheckpoint? {
    var passedOver: [FoundCheckpoint.PassedOver] = []
    for candidate in try candidates() {
      do {
        let contents = try Self.contents(of: candidate.path)
        if let difference = foreignness(contents.state.identity) {
          throw CheckpointDamage("it is another run's: \(difference)")
        }
        return FoundCheckpoint(path: candidate.path, contents: contents, passedOver: passedOver)
      } catch let error as FileError {
        throw CheckpointError("checkpoint \(candidate.path) cannot be read: \(error)")
      } catch {
        passedOver.append(.init(name: candidate.name, finding: (error as? CheckpointDamage)?.finding ?? "\(error)"))
      }
    }
    guard !passedOver.isEmpty else { return nil }
    let findings = passedOver.map { "\($0.name): \($0.finding)" }.joined(separator: "; ")
    throw CheckpointError(
      "no checkpoint in \(directory) is sound (\(findings)); move them away to begin at step 0, or choose another "
        + "--run-dir")
  }

  /// The one committed last and all before it, the newest first, with those that have lost their manifest.
  private func candidates() throws(CheckpointError) -> [CheckpointEntry] {
    guard Disk.kind(of: directory) != .missing else { return [] }
    let all: [CheckpointEntry]
    do throws(FileError) {
      all = try places().reversed()
    } catch {
      throw CheckpointError("the checkpoints cannot be read: \(error)")
    }
    let target = Disk.target(ofLink: path(CheckpointName.latest))
    let last = all.first { $0.name == target } ?? all.first
    return all.filter { $0 == last || $0.step < last?.step ?? 0 }
  }

  /// The checkpoints by ascending step, with those that have lost their manifest.
  private func places() throws(FileError) -> [CheckpointEntry] {
    entries(named: Set(try Disk.names(in: directory).filter { Disk.kind(of: path($0)) == .directory }))
  }

  /// Gives the checkpoints that were passed over, and the damaged ones after `step`, names by which no run takes them
  /// and none removes them: who finds out what happened may need them.
  func keepDamaged(after step: Int, and passedOver: [String]) throws {
    let damaged = try places().filter { $0.step > step && !passedOver.contains($0.name) && Self.isDamaged($0.path) }
    try keep(passedOver + damaged.map(\.name))
  }

  /// Whether a checkpoint can be read and is not what its writer wrote.
  private static func isDamaged(_ place: String) -> Bool {
    do {
      _ = try contents(of: place)
      return false
    } catch {
      return !(error is FileError)
    }
  }

  private func keep(_ names: [String]) throws {
    guard !names.isEmpty else { return }
    for name in names {
      let hidden = CheckpointName.replaced(name)
      let place = Disk.kind(of: path(name)) == .missing ? hidden : name
      let free = (1...).lazy.map { CheckpointName.damaged(name, $0) }.first { Disk.kind(of: path($0)) == .missing }
      if let free { try Disk.rename(path(place), to: path(free)) }
    }
    try Disk.synchronizeDirectory(directory)
  }
}
