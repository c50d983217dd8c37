import Foundation
import Interchange
package import Operators
package import StrictYAML

/// Where configurations come from: the built-in one, files, and overrides on the command line.
package enum Configurations {
  /// Reads a configuration.
  ///
  /// Relative paths that stand in the file mean what lies beside it; those of `overrides` what lies in the working
  /// directory. The result has absolute paths.
  ///
  /// - Parameters:
  ///   - path: the file; nil for the built-in configuration.
  ///   - overrides: "key.path=value" pairs of `--set`, applied in order.
  /// - Throws: `YAMLError` with file, line and remedy.
  package static func read(path: String?, overrides: [String] = []) throws(YAMLError) -> RunConfiguration {
    let here = FileManager.default.currentDirectoryPath
    guard let path else {
      return try decode(RunConfiguration().yaml, source: "built-in", overrides: overrides, folder: here)
    }
    let folder = Disk.parent(of: path.hasPrefix("/") ? path : Disk.join(here, path))
    return try decode(
      try YAMLTree(parsing: try contents(of: path), source: path), source: path, overrides: overrides, folder: folder)
  }

  /// Reads a configuration from text; its relative paths mean what lies in the working directory.
  package static func parse(
    _ text: String, source: String, overrides: [String] = []
  ) throws(YAMLError) -> RunConfiguration {
    try decode(
      try YAMLTree(parsing: text, source: source), source: source, overrides: overrides,
      folder: FileManager.default.currentDirectoryPath)
  }

  /// Reads one loss, as it is written below `train.loss`.
  package static func loss(_ text: String, source: String) throws(YAMLError) -> Loss {
    try Loss(yaml: YAMLCursor(try YAMLTree(parsing: text, source: source).withoutLines, source: source))
  }

  private static func decode(
    _ tree: YAMLTree, source: String, overrides: [String], folder: String
  ) throws(YAMLError) -> RunConfiguration {
    var tree = ConfigurationPaths.resolved(in: tree, against: folder)
    for override in overrides {
      let (path, value) = try split(override)
      tree = tree.setting(path[...], to: value)
    }
    tree = ConfigurationPaths.resolved(in: tree, against: FileManager.default.currentDirectoryPath)
    let lineless = overrides.isEmpty ? source : "\(source) with --set"
    return try RunConfiguration(
      yaml: YAMLCursor(tree, source: source, lineless: lineless, elsewhere: ForeignKeys.elsewhere))
  }

  private static func split(_ override: String) throws(YAMLError) -> (path: [String], value: YAMLTree) {
    guard let equals = override.firstIndex(of: "="), equals != override.startIndex else {
      throw YAMLError("--set \(override): must have the form key=value, as in --set train.epochs=10")
    }
    let path = override[..<equals].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard !path.contains("") else { throw YAMLError("--set \(override): the path has an empty part") }
    let text = String(override[override.index(after: equals)...])
    // As in a file, a key without a value has none.
    if text.allSatisfy(\.isWhitespace) { return (path, .word("null")) }
    return (path, try YAMLTree(parsing: text, source: "--set \(override)").withoutLines)
  }

  /// The text of a file that a user named.
  package static func contents(of path: String) throws(YAMLError) -> String {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw YAMLError("\(path): cannot be read; check the path and its permissions")
    }
    guard data.count <= 1 << 22, let text = String(data: data, encoding: .utf8) else {
      throw YAMLError("\(path): is no text file of at most 4 MiB")
    }
    return text
  }
}

/// The keys of a configuration that hold paths, and what relative ones mean.
private enum ConfigurationPaths {
  private static let keys = [["data", "path"], ["model", "file"]]

  /// The same document with absolute paths. A relative one that leads nowhere from `folder`, but to something from the
  /// working directory, means that.
  static func resolved(in tree: YAMLTree, against folder: String) -> YAMLTree {
    keys.reduce(tree) { tree, key in
      let value = key.reduce(Optional(tree)) { $0?[key: $1] }
      guard let value, case .scalar(let path, let isQuoted) = value.content, !path.isEmpty, !path.hasPrefix("/"),
        isQuoted || !["null", "~"].contains(path)
      else { return tree }
      let absolute = YAMLTree(.scalar(text: absolute(path, folder), quoted: true), line: value.line)
      return tree.setting(key[...], to: absolute)
    }
  }

  private static func absolute(_ path: String, _ folder: String) -> String {
    let path = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    let (beside, here) = (Disk.join(folder, path), Disk.join(FileManager.default.currentDirectoryPath, path))
    return !FileManager.default.fileExists(atPath: beside) && FileManager.default.fileExists(atPath: here)
      ? here : beside
  }
}
