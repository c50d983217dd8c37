/// One of several kinds, each with its own record: written as `kind: {…}`, or as the bare word where every field of
/// the kind has its default.
package protocol YAMLChoice: YAMLValue, Hashable {
  /// The kinds, in the order in which they are documented.
  static var alternatives: [Alternative<Self>] { get }
  /// What the choice is about, for messages: "layer", "schedule".
  static var subject: String { get }
}

/// One kind of a choice.
package struct Alternative<Choice: YAMLChoice>: Sendable {
  /// The word that names the kind.
  package let name: String
  /// One line for tables and help.
  package let summary: String
  /// The kind's fields.
  package let fields: [FieldDocumentation]
  let decode: @Sendable (YAMLCursor) throws(YAMLError) -> Choice
  let encode: @Sendable (Choice, YAMLDetail) -> YAMLTree?

  /// A kind that is described by a record.
  ///
  /// - Parameters:
  ///   - name: the word that names it.
  ///   - summary: one line that explains it.
  ///   - record: the record's type.
  ///   - embed: makes the choice from the record.
  ///   - extract: the record, if the choice is of this kind.
  package init<Record: YAMLRecord>(
    _ name: String, _ summary: String, _ record: Record.Type, embed: @escaping @Sendable (Record) -> Choice,
    extract: @escaping @Sendable (Choice) -> Record?
  ) {
    self.name = name
    self.summary = summary
    self.fields = Record.fields.map(\.documentation)
    self.decode = { (cursor: YAMLCursor) throws(YAMLError) in embed(try Record(yaml: cursor)) }
    self.encode = { choice, detail in
      extract(choice).map { detail == .brief ? $0.briefYAML : $0.yaml(.full) }
    }
  }
}

extension YAMLChoice {
  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    switch cursor.tree.content {
    case .scalar(let word, _):
      let empty = YAMLTree.Entry(word, YAMLTree(.mapping([]), line: cursor.tree.line))
      self = try Self.decode(empty, at: cursor)
    case .mapping(let entries) where entries.count == 1:
      self = try Self.decode(entries[0], at: cursor)
    case .mapping(let entries):
      let given = entries.map(\.key).joined(separator: ", ")
      throw cursor.failure(
        "needs exactly one \(Self.subject), not \(entries.isEmpty ? "none" : given); "
          + "with --set give the whole value, as in --set '\(cursor.path)={\(Self.alternatives[0].name): {}}'")
    case .sequence:
      throw cursor.failure("must be one \(Self.subject), not a list")
    }
  }

  private static func decode(_ entry: YAMLTree.Entry, at cursor: YAMLCursor) throws(YAMLError) -> Self {
    guard let alternative = alternatives.first(where: { $0.name == entry.key }) else {
      throw cursor.unknown(subject, entry.key, known: alternatives.map(\.name), synonyms: synonyms)
    }
    var entry = entry
    // `relu: null` and `relu:` mean a layer with all defaults.
    if case .scalar(let text, false) = entry.value.content, ["", "null", "~"].contains(text) {
      entry.value = YAMLTree(.mapping([]), line: entry.value.line)
    }
    return try alternative.decode(cursor.at(entry))
  }

  /// The kind's word and record.
  package func alternative(_ detail: YAMLDetail) -> (name: String, record: YAMLTree) {
    for alternative in Self.alternatives {
      if let record = alternative.encode(self, detail) { return (alternative.name, record) }
    }
    preconditionFailure("the \(Self.subject) \(self) has no alternative in its table")
  }

  package var yaml: YAMLTree { yaml(.brief) }

  package func yaml(_ detail: YAMLDetail) -> YAMLTree {
    let (name, record) = alternative(detail)
    return record == .empty ? .word(name) : .mapping([YAMLTree.Entry(name, record)])
  }

  package static var yamlForm: String { alternatives.map(\.name).joined(separator: " | ") }
  package static var yamlParts: YAMLParts {
    .kinds(alternatives.map { KindDocumentation(name: $0.name, summary: $0.summary, keys: $0.fields) })
  }
}

extension YAMLValue where Self: RawRepresentable, RawValue == String, Self: CaseIterable {
  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    let word = try cursor.scalar("a word")
    guard let value = Self(rawValue: word) else {
      throw cursor.unknown("value", word, known: Self.allCases.map(\.rawValue), synonyms: Self.synonyms)
    }
    self = value
  }

  package var yaml: YAMLTree { .word(rawValue) }
  package static var yamlForm: String { allCases.map(\.rawValue).joined(separator: " | ") }
}
