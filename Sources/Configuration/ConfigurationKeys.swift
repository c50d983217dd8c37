import StrictYAML

/// Every key of a configuration with its path, from the tables that decode it.
package struct ConfigurationKey: Hashable, Sendable {
  /// The path of `--set`: "train.schedule.one-cycle.peak".
  package let path: String
  /// What a user may write.
  package let form: String
  /// The default; nil where the key must be given.
  package let standard: String?
  /// One line.
  package let summary: String
  /// Whether its value is written below it, by keys of its own or by the keys of one kind.
  package let hasParts: Bool

  /// The last part of the path.
  package var name: String { path.split(separator: ".").last.map(String.init) ?? path }

  /// All keys, in the order in which they are documented.
  package static let all: [ConfigurationKey] = keys(RunConfiguration.fields.map(\.documentation), below: "")

  /// The key with this path.
  package static func at(_ path: String) -> ConfigurationKey? { all.first { $0.path == path } }

  private static func keys(_ fields: [FieldDocumentation], below path: String) -> [ConfigurationKey] {
    fields.flatMap { field -> [ConfigurationKey] in
      let own = path.isEmpty ? field.key : "\(path).\(field.key)"
      let key = ConfigurationKey(
        path: own, form: field.form, standard: field.standard, summary: field.summary, hasParts: field.parts != .none)
      switch field.parts {
      case .none: return [key]
      // A section is no key of its own, since its parts say all; one that may be absent, or a list of them, is.
      case .keys(let fields):
        return (["null", "[]"].contains(field.standard) ? [key] : []) + keys(fields, below: own)
      case .kinds(let kinds): return [key] + kinds.flatMap { keys($0.keys, below: "\(own).\($0.name)") }
      }
    }
  }

  /// The ten keys that are set most often.
  package static let usual: [ConfigurationKey] = [
    "model", "data.format", "data.path", "train.epochs", "train.global-batch", "train.micro-batch", "train.schedule",
    "train.optimizer", "lanes", "seed",
  ].compactMap(at)

  /// The ten keys with defaults and meanings, for the help of `train`.
  package static var usualTable: String {
    let rows = usual.map { ["  \($0.path)", $0.standard ?? "required", $0.summary] }
    let widths = (0..<2).map { column in rows.map { $0[column].count }.max() ?? 0 }
    return rows.map { row in
      "\(row[0].padded(to: widths[0]))  \(row[1].padded(to: widths[1]))  \(row[2])"
    }.joined(separator: "\n")
  }
}

extension String {
  /// The text, filled with spaces on its right.
  package func padded(to width: Int) -> String { self + String(repeating: " ", count: max(0, width - count)) }
}
