import Foundation

/// Runs `body` with the path of a new directory, and removes it afterwards.
@discardableResult
package func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let path = try newDirectory()
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

/// As above, for a body that waits.
@discardableResult
package func withTemporaryDirectoryAsync<Result>(_ body: (String) async throws -> Result) async throws -> Result {
  let path = try newDirectory()
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try await body(path)
}

private func newDirectory() throws -> String {
  let url = FileManager.default.temporaryDirectory.appending(path: "cnn-dist-tests-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  return url.path
}
