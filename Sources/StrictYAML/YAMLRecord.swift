/// A mapping with a fixed set of keys. One table of fields decodes it, encodes it, documents it and refuses every
/// key that is not in the table.
package protocol YAMLRecord: YAMLValue, Hashable {
  /// The record with every field at its default.
  init()
  /// The keys, in the order in which they are written.
  static var fields: [Field<Self>] { get }
  /// What is wrong with the combination of values, or nil.
  func problem() -> String?
  /// What a user probably meant by a key that the record does not have, as a phrase such as "did you mean 'x'?".
  ///
  /// - Parameters:
  ///   - key: the key that there is not.
  ///   - path: the record's own path in the document; empty at its root.
  static func suggestion(for key: String, in path: String) -> String
}

/// One key of a record.
package struct Field<Record: YAMLRecord>: Sendable {
  /// The key in the YAML mapping.
  package let key: String
  /// One line for tables and help.
  package let summary: String
  /// What a user may write.
  package let form: String
  /// Whether the key must be given.
  package let isRequired: Bool
  let decode: @Sendable (inout Record, YAMLCursor) throws(YAMLError) -> Void
  /// The field's value as YAML.
  package let encode: @Sendable (Record, YAMLDetail) -> YAMLTree
  /// Whether the field holds "not given".
  let isAbsent: @Sendable (Record) -> Bool
  /// What is written below the field's value.
  private let parts: @Sendable () -> YAMLParts

  /// A field of the record.
  ///
  /// - Parameters:
  ///   - key: the key.
  ///   - path: where the value is kept.
  ///   - summary: one line that explains it.
  ///   - required: whether it must be given.
  ///   - check: what is wrong with a value ("must be at least 1"), or nil.
  package init<Value: YAMLValue>(
    _ key: String, _ path: any WritableKeyPath<Record, Value> & Sendable, _ summary: String, required: Bool = false,
    check: (@Sendable (Value) -> String?)? = nil
  ) {
    self.key = key
    self.summary = summary
    self.form = Value.yamlForm
    self.isRequired = required
    self.decode = { (record: inout Record, cursor: YAMLCursor) throws(YAMLError) in
      let value = try Value(yaml: cursor)
      if let problem = check?(value) { throw cursor.failure("\(problem), not \(value.yaml.inline)") }
      record[keyPath: path] = value
    }
    self.encode = { $0[keyPath: path].yaml($1) }
    self.isAbsent = { $0[keyPath: path].yaml == YAMLTree.word("null") }
    self.parts = { Value.yamlParts }
  }
}

/// What a reader wants to know of a field.
package struct FieldDocumentation: Hashable, Sendable {
  /// The key in the YAML mapping.
  package let key: String
  /// What a user may write.
  package let form: String
  /// The default; nil where the key must be given.
  package let standard: String?
  /// One line.
  package let summary: String
  /// What is written below the key.
  package let parts: YAMLParts
}

extension Field {
  /// What a reader wants to know of the field.
  package var documentation: FieldDocumentation {
    FieldDocumentation(
      key: key, form: form, standard: isRequired ? nil : encode(Record(), .brief).inline, summary: summary,
      parts: parts())
  }
}

extension YAMLRecord {
  /// By default every combination of valid values is valid.
  package func problem() -> String? { nil }

  package static var yamlParts: YAMLParts { .keys(fields.map(\.documentation)) }

  package static func suggestion(for key: String, in path: String) -> String {
    Suggestion.phrase(for: key, among: fields.map(\.key), synonyms: synonyms)
  }

  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    self.init()
    let entries = try cursor.entries()
    for entry in entries {
      guard let field = Self.fields.first(where: { $0.key == entry.key }) else {
        let remedy =
          cursor.suggestion(for: entry.key, among: Self.fields.map(\.key))
          ?? (Self.fields.isEmpty ? "nothing can be set here" : Self.suggestion(for: entry.key, in: cursor.path))
        throw cursor.at(entry).failure("unknown key '\(entry.key)'; \(remedy)")
      }
      try field.decode(&self, cursor.at(entry))
    }
    let given = Set(entries.map(\.key))
    if let missing = Self.fields.first(where: { $0.isRequired && !given.contains($0.key) }) {
      throw cursor.failure("the key '\(missing.key)' is missing (\(missing.summary))")
    }
    if let problem = problem() { throw cursor.failure(problem) }
  }

  /// All fields with their values; those that are not given, and would not be by default, are left out.
  package var yaml: YAMLTree {
    let plain = Self()
    return .mapping(
      Self.fields.filter { !($0.isAbsent(self) && $0.isAbsent(plain)) }
        .map { YAMLTree.Entry($0.key, $0.encode(self, .brief)) })
  }

  /// In full also the fields that are not given, as null: a default may come to hold there.
  package func yaml(_ detail: YAMLDetail) -> YAMLTree {
    switch detail {
    case .brief: yaml
    case .full: .mapping(Self.fields.map { YAMLTree.Entry($0.key, $0.encode(self, .full)) })
    }
  }

  /// Only the fields that differ from their defaults.
  package var briefYAML: YAMLTree {
    let plain = Self()
    return .mapping(
      Self.fields.filter { $0.isRequired || $0.encode(self, .brief) != $0.encode(plain, .brief) }
        .map { YAMLTree.Entry($0.key, $0.encode(self, .brief)) })
  }

  package static var yamlForm: String { "{\(fields.map(\.key).joined(separator: ", "))}" }
}
