import Foundation
import TestSupport

/// A folder that exists while `body` of `withTemporaryFolder` runs.
struct TemporaryFolder {
  let path: String

  /// Writes a file, with the folders on the way to it.
  func write(_ bytes: [UInt8], to name: String) throws {
    let url = URL(fileURLWithPath: path + "/" + name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url)
  }

  /// Makes an empty folder.
  func makeFolder(_ name: String) throws {
    try FileManager.default.createDirectory(atPath: path + "/" + name, withIntermediateDirectories: true)
  }
}

/// Runs `body` with a new folder and removes it.
func withTemporaryFolder(_ body: (TemporaryFolder) throws -> Void) throws {
  try withTemporaryDirectory { try body(TemporaryFolder(path: $0)) }
}
