package import Configuration
import StrictYAML
import Training

/// What `config` prints.
package enum KeyReport {
  /// All keys with type, default and meaning, a line each, in groups.
  package static func print(asJSON: Bool) {
    let keys = ConfigurationKey.all
    if asJSON {
      for key in keys { Report.json(key.record) }
      return
    }
    let rows = keys.map { [$0.path, $0.shownDefault, $0.form, $0.summary] }
    // The longest lists of words would push all meanings off the screen; they stand out alone.
    let widths = [60, 20, 24].enumerated().map { column, most in
      rows.map { $0[column].count }.filter { $0 <= most }.max() ?? 0
    }
    var section = keys.first?.section
    for (key, row) in zip(keys, rows) {
      if key.section != section { Swift.print("") }
      section = key.section
      let cells = zip(row, widths).map { $0.padded(to: $1) } + [row[3]]
      Swift.print(PlainText.shown(cells.joined(separator: "  ")))
    }
  }

  /// A configuration with every value.
  package static func print(_ configuration: RunConfiguration, asJSON: Bool) {
    guard asJSON else { return Swift.print(configuration.text, terminator: "") }
    if case .record(let record) = ReportValue(configuration.yaml(.full)) { Report.json(record) }
  }
}

extension ConfigurationKey {
  /// The part of a configuration that the key belongs to.
  fileprivate var section: Substring { path.split(separator: ".").count > 1 ? path.prefix { $0 != "." } : "" }

  /// The default in the table: of a choice the word alone, as its keys follow.
  fileprivate var shownDefault: String {
    guard let standard else { return "required" }
    guard hasParts, standard.hasPrefix("{") else { return standard }
    return String(standard.dropFirst().prefix { $0 != ":" })
  }

  fileprivate var record: [String: ReportValue] {
    [
      "key": .text(path), "type": .text(form), "default": standard.map { .text($0) } ?? .nothing,
      "meaning": .text(summary),
    ]
  }
}

extension ReportValue {
  /// A document as JSON: what looks like a number, a truth value or nothing is one, unless it stands in quotes.
  fileprivate init(_ tree: YAMLTree) {
    switch tree.content {
    case .mapping(let entries):
      self = .record(Dictionary(entries.map { ($0.key, ReportValue($0.value)) }) { $1 })
    case .sequence(let items): self = .list(items.map { ReportValue($0) })
    case .scalar(let text, true): self = .text(text)
    case .scalar("null", _): self = .nothing
    case .scalar("true", _): self = .truth(true)
    case .scalar("false", _): self = .truth(false)
    case .scalar(let text, _):
      self = Int(text).map { .integer($0) } ?? Double(text).map { .number($0) } ?? .text(text)
    }
  }
}
