/// How much of a value is written.
package enum YAMLDetail: Sendable {
  /// What a person would write: kinds without the keys that have their defaults.
  case brief
  /// Every key with its value, so that the text means the same whatever the defaults become.
  case full
}

/// What can be read from and written to a YAML document.
package protocol YAMLValue: Sendable {
  /// Reads the value; throws an error that names the place and what is expected there.
  init(yaml: YAMLCursor) throws(YAMLError)
  /// The value as YAML, in brief.
  var yaml: YAMLTree { get }
  /// The value as YAML. What has no keys of its own, and holds nothing that has, is written the same either way.
  func yaml(_ detail: YAMLDetail) -> YAMLTree
  /// What a user may write, for `--help` and tables: "integer", "[height, width]".
  static var yamlForm: String { get }
  /// What is written below the value, for tables of all keys.
  static var yamlParts: YAMLParts { get }
  /// What other programs call the words or keys that may stand here, for suggestions.
  static var synonyms: Synonyms { get }
}

extension YAMLValue {
  package static var yamlParts: YAMLParts { .none }
  package static var synonyms: Synonyms { [:] }
}

/// What is written below a value.
package enum YAMLParts: Hashable, Sendable {
  /// Nothing: a scalar, or a list of them.
  case none
  /// A record's keys.
  case keys([FieldDocumentation])
  /// One of several kinds, each with keys of its own.
  case kinds([KindDocumentation])
}

/// What a reader wants to know of one kind of a choice.
package struct KindDocumentation: Hashable, Sendable {
  /// The word that names the kind.
  package let name: String
  /// One line.
  package let summary: String
  /// The kind's keys.
  package let keys: [FieldDocumentation]
}

extension YAMLValue {
  package func yaml(_ detail: YAMLDetail) -> YAMLTree { yaml }
}

extension Int: YAMLValue {
  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    let text = try cursor.scalar("an integer")
    guard let value = Int(text.filter { $0 != "_" }) else {
      throw cursor.failure("must be an integer, not '\(text)'")
    }
    self = value
  }

  package var yaml: YAMLTree { .word(String(self)) }
  package static var yamlForm: String { "integer" }
}

extension UInt64: YAMLValue {
  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    let text = try cursor.scalar("a non-negative integer")
    guard let value = UInt64(text.filter { $0 != "_" }) else {
      throw cursor.failure("must be an integer from 0 to 2^64 - 1, not '\(text)'")
    }
    self = value
  }

  package var yaml: YAMLTree { .word(String(self)) }
  package static var yamlForm: String { "integer" }
}

extension Double: YAMLValue {
  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    let text = try cursor.scalar("a number")
    guard let value = Double(text), value.isFinite, !text.lowercased().contains("x") else {
      throw cursor.failure("must be a finite number, not '\(text)'")
    }
    self = value
  }

  package var yaml: YAMLTree {
    let isShortInteger = self == rounded() && abs(self) < 1e15
    return .word(isShortInteger ? String(Int(self)) : "\(self)")
  }
  package static var yamlForm: String { "number" }
}

extension Float: YAMLValue {
  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    let value = try Double(yaml: cursor)
    guard Float(value).isFinite else { throw cursor.failure("must be below 3.4e38, not \(value)") }
    self = Float(value)
  }

  package var yaml: YAMLTree { self == rounded() && abs(self) < 1e6 ? .word(String(Int(self))) : .word("\(self)") }
  package static var yamlForm: String { "number" }
}

extension Bool: YAMLValue {
  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    switch try cursor.scalar("true or false") {
    case "true": self = true
    case "false": self = false
    case let text: throw cursor.failure("must be true or false, not '\(text)'")
    }
  }

  package var yaml: YAMLTree { .word(self ? "true" : "false") }
  package static var yamlForm: String { "true | false" }
}

extension String: YAMLValue {
  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    self = try cursor.scalar("a text")
  }

  package var yaml: YAMLTree { YAMLTree(.scalar(text: self, quoted: !isPlainWord)) }
  package static var yamlForm: String { "text" }

  /// Whether the text can stand without quotes and is still read as a string by every YAML reader.
  private var isPlainWord: Bool {
    let reserved: Set<String> = ["true", "false", "null", "yes", "no", "on", "off", "y", "n", ".nan", ".inf", "..."]
    guard let first = unicodeScalars.first, Double(self) == nil, !reserved.contains(lowercased()) else { return false }
    let isOrdinary = { (c: Unicode.Scalar) in
      c.isASCII && (c.properties.isAlphabetic || ("0"..."9").contains(c) || "-_./".unicodeScalars.contains(c))
    }
    return (first.properties.isAlphabetic || first == "." || first == "/" || first == "_")
      && unicodeScalars.allSatisfy(isOrdinary)
  }
}

extension Array: YAMLValue where Element: YAMLValue {
  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    self = []
    for item in try cursor.items() { append(try Element(yaml: item)) }
  }

  package var yaml: YAMLTree { yaml(.brief) }
  package func yaml(_ detail: YAMLDetail) -> YAMLTree { YAMLTree(.sequence(map { $0.yaml(detail) })) }
  package static var yamlForm: String { "[\(Element.yamlForm), …]" }
  package static var yamlParts: YAMLParts { Element.yamlParts }
}

/// Absent is nil; `null` and `~` are read as nil too.
extension Optional: YAMLValue where Wrapped: YAMLValue {
  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    if case .scalar(let text, false) = cursor.tree.content, ["null", "~", ""].contains(text) {
      self = nil
    } else {
      self = try Wrapped(yaml: cursor)
    }
  }

  package var yaml: YAMLTree { yaml(.brief) }
  package func yaml(_ detail: YAMLDetail) -> YAMLTree { map { $0.yaml(detail) } ?? .word("null") }
  package static var yamlForm: String { Wrapped.yamlForm }
  package static var yamlParts: YAMLParts { Wrapped.yamlParts }
}
