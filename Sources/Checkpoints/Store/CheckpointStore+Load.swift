import Foundation
import Interchange

extension CheckpointStore {
  /// Loads the checkpoint in the directory `path`, or the one a link such as `latest` points to, and verifies every
  /// size and hash.
  ///
  /// A damaged one is refused; the message says what is wrong with it, and names the one before it that is sound.
  package static func load(_ path: String) throws(CheckpointError) -> CheckpointContents {
    let place = try locate(path)
    guard Disk.kind(of: Disk.join(place, CheckpointManifest.fileName)) != .missing else {
      throw CheckpointError(
        "\(path) is not a cnn-dist checkpoint: it has no \(CheckpointManifest.fileName)")
    }
    do {
      return try contents(of: place)
    } catch let error as FileError {
      throw CheckpointError("checkpoint \(place) cannot be read: \(error)")
    } catch {
      let finding = (error as? CheckpointDamage)?.finding ?? "\(error)"
      throw CheckpointError("checkpoint \(place) is damaged: \(finding); \(advice(insteadOf: place))")
    }
  }

  /// The contents of the checkpoint in the directory `place`, verified. Fails with a `CheckpointDamage`, a `FileError`
  /// if it cannot be read, or what a decoder says.
  static func contents(of place: String) throws -> CheckpointContents {
    guard Disk.kind(of: Disk.join(place, CheckpointManifest.fileName)) != .missing else {
      throw CheckpointDamage("\(CheckpointManifest.fileName) is missing")
    }
    let manifest = try CheckpointManifest.read(in: place)
    let contents = try CheckpointContents { part in try manifest.contents(of: part, in: place) }
    try contents.check(namedStep: namedStep(of: place))
    return contents
  }

  /// The directory that `path` means, through links.
  private static func locate(_ path: String) throws(CheckpointError) -> String {
    var place = path
    // More links than this in a row are a circle.
    for _ in 0..<8 {
      switch Disk.kind(of: place) {
      case .directory: return place
      case .link:
        let target = Disk.target(ofLink: place) ?? ""
        place = target.hasPrefix("/") ? target : Disk.join(Disk.parent(of: place), target)
      case .missing: return try locateReplaced(place, askedFor: path)
      case .file, .other: throw CheckpointError("\(path) is not a cnn-dist checkpoint: it is no directory")
      }
    }
    throw CheckpointError("\(path) is not a cnn-dist checkpoint: its links lead in a circle")
  }

  /// The place to which a crash between two renames has left the checkpoint `place`.
  private static func locateReplaced(_ place: String, askedFor path: String) throws(CheckpointError) -> String {
    let parent = Disk.parent(of: place)
    let aside = Disk.join(parent, CheckpointName.replaced(Disk.lastComponent(of: place)))
    if Disk.kind(of: aside) == .directory { return aside }
    let there = CheckpointStore(directory: parent).list().map(\.name)
    let choice = there.isEmpty ? "" : "; there are \(there.joined(separator: ", "))"
    throw CheckpointError("there is no checkpoint \(path)\(choice)")
  }

  /// The step that the name of the directory `place` tells, if it tells one.
  private static func namedStep(of place: String) -> Int? {
    let name = Disk.lastComponent(of: place)
    return CheckpointName.step(of: CheckpointName.original(ofReplaced: name) ?? name)
  }

  /// What to do when the checkpoint `place` is damaged.
  private static func advice(insteadOf place: String) -> String {
    let step = namedStep(of: place) ?? 0
    let older = CheckpointStore(directory: Disk.parent(of: place)).list().filter { $0.step < step }
    guard let sound = older.last(where: { (try? contents(of: $0.path)) != nil }) else {
      return "there is no sound one before it: start the run again"
    }
    return "the one before it is \(sound.name): resume with --resume \(sound.name)"
  }
}
