import Configuration
import Foundation
import StrictYAML

/// The configurations that come with the program.
enum ShippedConfigurations {
  private static let folder = URL(filePath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().appending(path: "configs")

  /// The path of one of them.
  static func path(_ name: String) -> String { folder.appending(path: name).path }

  /// The names of all.
  static func names() throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".yaml") }.sorted()
  }
}

/// What is wrong with a configuration text; nil if nothing is.
func problem(in text: String, overrides: [String] = []) -> String? {
  do {
    _ = try Configurations.parse(text, source: "my.yaml", overrides: overrides)
    return nil
  } catch {
    return error.description
  }
}

/// The built-in configuration with overrides.
func overridden(_ overrides: String...) throws -> RunConfiguration {
  try Configurations.read(path: nil, overrides: overrides)
}
