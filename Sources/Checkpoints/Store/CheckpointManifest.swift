import Hashing
import Interchange

/// The list of a checkpoint's files with sizes and hashes. It is written last: where it stands, the rest stands.
struct CheckpointManifest: Codable, Equatable {
  /// One file.
  struct File: Codable, Equatable {
    /// Its name in the checkpoint's directory.
    var name: String
    /// Its size in bytes.
    var size: Int
    /// Its SHA-256 in lower-case hexadecimal.
    var sha256: String
  }

  /// The name of the manifest's own file.
  static let fileName = "manifest.json"
  /// The version of the format that is written, the only one that is read.
  static let currentFormat = 1
  /// More than any manifest needs, in bytes.
  private static let largest = 1 << 16

  /// The version of the checkpoint's format.
  var format = currentFormat
  /// The files beside the manifest.
  var files: [File] = []

  /// Adds a file of the given contents.
  mutating func add(_ name: String, _ bytes: [UInt8]) {
    files.append(File(name: name, size: bytes.count, sha256: SHA256.hexadecimal(of: bytes)))
  }
}

/// Why a checkpoint is not what its writer wrote: the middle of a sentence that names it.
struct CheckpointDamage: Error {
  /// Such as "model.safetensors is missing".
  let finding: String

  /// Damage that was found.
  init(_ finding: String) { self.finding = finding }
}

extension CheckpointManifest {
  /// Reads and checks the manifest of the checkpoint in `directory`: the known format, and exactly the files of
  /// `CheckpointPart`, so that a name can lead nowhere else.
  static func read(in directory: String) throws -> CheckpointManifest {
    let bytes = try Disk.read(Disk.join(directory, fileName), limit: largest)
    let manifest = try RecordCoding.decode(CheckpointManifest.self, from: bytes, of: fileName)
    guard manifest.format == currentFormat else {
      throw CheckpointDamage(
        "\(fileName) has the format \(manifest.format), this cnn-dist reads \(currentFormat)")
    }
    for file in manifest.files where CheckpointPart(rawValue: file.name) == nil {
      throw CheckpointDamage("\(fileName) names the file '\(file.name)', which is no part of a checkpoint")
    }
    return manifest
  }

  /// The bytes of one part, whose size and hash are what the manifest says.
  func contents(of part: CheckpointPart, in directory: String) throws -> [UInt8] {
    let listed = files.filter { $0.name == part.rawValue }
    guard let entry = listed.first, listed.count == 1 else {
      throw CheckpointDamage("\(Self.fileName) lists \(part.rawValue) \(listed.count) times")
    }
    let path = Disk.join(directory, part.rawValue)
    guard Disk.kind(of: path) != .missing else { throw CheckpointDamage("\(part.rawValue) is missing") }
    let file = try OpenFile.at(path, for: .reading)
    let count = try file.count()
    guard count == entry.size else {
      throw CheckpointDamage("\(part.rawValue) has \(count) bytes where its manifest says \(entry.size)")
    }
    return try entry.verified(try file.read(0..<count))
  }
}

extension CheckpointManifest.File {
  fileprivate func verified(_ bytes: [UInt8]) throws(CheckpointDamage) -> [UInt8] {
    let hash = SHA256.hexadecimal(of: bytes)
    guard hash == sha256 else {
      throw CheckpointDamage("\(name) has SHA-256 \(hash) where its manifest says \(sha256)")
    }
    return bytes
  }
}
