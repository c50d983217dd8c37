import Configuration
import Network
import Operators
import StrictYAML
package import Training

/// What `models --layers` prints: every layer, structure and loss with its keys, from the descriptions that decode
/// them.
package enum LayerReport {
  /// One word of a model file.
  struct Entry {
    /// The word.
    let word: String
    /// What group of words it belongs to: "layer", "structure", "loss", "initializer", "filter".
    let group: String
    /// One line.
    let summary: String
    /// Its keys.
    let fields: [FieldDocumentation]
    /// Formula, shapes, parameters, work and source, as far as they apply.
    let notes: [(title: String, text: String)]
  }

  /// All words, in the order in which they are documented.
  static var entries: [Entry] {
    Layer.kinds.map { kind in
      Entry(
        word: kind.alternative.name, group: "layer", summary: kind.alternative.summary,
        fields: kind.alternative.fields, notes: kind.notes.lines)
    } + structures + losses + choices(WeightInitializer.self, group: "initializer")
      + choices(FilterKernel.self, group: "filter")
  }

  private static var structures: [Entry] {
    [
      Entry(
        word: "sequential", group: "structure", summary: "nodes one after the other, or just a list", fields: [],
        notes: []),
      Entry(
        word: "branches", group: "structure", summary: "nodes that see the same input, and how they become one",
        fields: Module.branchFields, notes: []),
      Entry(
        word: "head", group: "structure", summary: "an auxiliary head with a loss of its own, left out in evaluation",
        fields: Head.fields.map(\.documentation), notes: []),
    ]
  }

  private static var losses: [Entry] {
    Loss.kinds.map { kind in
      Entry(
        word: kind.alternative.name, group: "loss", summary: kind.alternative.summary, fields: kind.alternative.fields,
        notes: [("formula", kind.formula), ("source", kind.source)])
    }
  }

  private static func choices<Choice: YAMLChoice>(_ type: Choice.Type, group: String) -> [Entry] {
    Choice.alternatives.map { choice in
      Entry(word: choice.name, group: group, summary: choice.summary, fields: choice.fields, notes: [])
    }
  }

  /// Prints the list of all words, or one of them in full.
  ///
  /// - Throws: `RunError` if there is no such word.
  package static func print(_ word: String?, asJSON: Bool) throws(RunError) {
    let entries = entries
    guard let word else {
      guard asJSON else { return printList(entries) }
      for entry in entries { Report.json(entry.record) }
      return
    }
    guard let entry = entries.first(where: { $0.word == word }) else {
      let hint = Suggestion.phrase(
        for: word, among: entries.map(\.word),
        synonyms: Layer.synonyms.and(Loss.synonyms).and(WeightInitializer.synonyms))
      throw RunError(.unusable, "'\(word)' is no word of a model file; \(hint)")
    }
    if asJSON { return Report.json(entry.record) }
    for line in entry.lines { Swift.print(line) }
  }

  /// The reference of all words as a Markdown document: `docs/layers.md`.
  package static var markdown: String {
    var text = """
      # Words of model files

      Made by `cnn-dist models --layers --markdown` from the descriptions that decode model files. Shapes are written
      channels × height × width; K, s, p and d stand for kernel, stride, the sum of the padding on both sides and dilation.

      """
    for (group, title) in groups {
      text += "\n## \(title)\n"
      for entry in entries where entry.group == group { text += entry.markdown }
    }
    return text
  }

  private static let groups = [
    ("layer", "Layers"), ("structure", "Structure"), ("loss", "Losses"), ("initializer", "Initial weights"),
    ("filter", "Fixed filters"),
  ]

  private static func printList(_ entries: [Entry]) {
    for (group, _) in groups {
      Report.table(
        [group, "what it is", "keys and defaults (* required)"],
        entries.filter { $0.group == group }.map { [$0.word, $0.summary, $0.keys] }, text: [0, 1, 2])
      Swift.print("")
    }
    Swift.print(
      "cnn-dist models --layers convolution prints formula, shapes, parameters, work, source and keys of one.")
  }
}

extension LayerReport.Entry {
  /// The keys with their defaults on one line.
  fileprivate var keys: String {
    fields.map { field in field.standard.map { "\(field.key) \($0)" } ?? "\(field.key)*" }.joined(separator: ", ")
  }

  /// Everything about the word.
  fileprivate var lines: [String] {
    let width = (notes.map(\.title.count) + [0]).max() ?? 0
    let facts = notes.map { "  \($0.title.padded(to: width))  \($0.text)" }
    let rows = fields.map { field in
      [field.key, field.standard.map { "default \($0)" } ?? "required", field.form, field.summary]
    }
    let widths = (0..<3).map { column in rows.map { $0[column].count }.max() ?? 0 }
    let keys = rows.map { row in
      "  " + zip(row, widths).map { $0.padded(to: $1) }.joined(separator: "  ") + "  \(row[3])"
    }
    return ["\(word) (\(group)): \(summary)"] + facts + (keys.isEmpty ? ["no keys"] : ["keys"] + keys)
  }

  fileprivate var markdown: String {
    var text = "\n### `\(word)`\n\n\(summary)\n"
    if !notes.isEmpty { text += "\n" + notes.map { "- \($0.title): \($0.text)\n" }.joined() }
    guard !fields.isEmpty else { return text }
    text += "\n| key | default | form | |\n|---|---|---|---|\n"
    for field in fields {
      let form = field.form.replacing("|", with: "\\|")
      text += "| `\(field.key)` | \(field.standard.map { "`\($0)`" } ?? "required") | \(form) | \(field.summary) |\n"
    }
    return text
  }

  fileprivate var record: [String: ReportValue] {
    var record: [String: ReportValue] = ["name": .text(word), "group": .text(group), "summary": .text(summary)]
    for note in notes { record[note.title] = .text(note.text) }
    record["keys"] = .list(
      fields.map { field in
        .record([
          "key": .text(field.key), "form": .text(field.form), "summary": .text(field.summary),
          "default": field.standard.map { .text($0) } ?? .nothing,
        ])
      })
    return record
  }
}

extension LayerNotes {
  /// The notes with their titles.
  fileprivate var lines: [(title: String, text: String)] {
    [("formula", formula), ("shapes", shapes), ("parameters", parameters), ("work", work), ("source", source)]
  }
}
