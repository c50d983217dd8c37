import Foundation

/// The files of this repository, found from where this file stood when it was compiled.
enum Repository {
  /// A source with its path from the root: "Sources/Engine/Executor.swift".
  struct Source {
    let path: String
    let text: String

    /// The target that the source belongs to, by its folder.
    var target: String { String(path.split(separator: "/")[1]) }
  }

  private static let root = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()

  /// The text of one file.
  static func text(_ path: String) throws -> String {
    try String(contentsOf: root.appending(path: path), encoding: .utf8)
  }

  /// The names of the folders in a folder.
  static func folders(in folder: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(
      at: root.appending(path: folder), includingPropertiesForKeys: [.isDirectoryKey]
    )
    .filter { try $0.resourceValues(forKeys: [.isDirectoryKey]).isDirectory == true }.map(\.lastPathComponent).sorted()
  }

  /// All Swift sources below a folder, in the order of their paths.
  static func sources(in folder: String) throws -> [Source] {
    try FileManager.default.subpathsOfDirectory(atPath: root.appending(path: folder).path).sorted()
      .filter { $0.hasSuffix(".swift") }
      .map { Source(path: "\(folder)/\($0)", text: try text("\(folder)/\($0)")) }
  }
}
