/// What other targets can see says what it is: a declaration marked `package`, and each member of a protocol, has a
/// comment of three slashes before it.
///
/// No comment of its own needs what stands elsewhere: a member that a protocol demands (the comment is the protocol's),
/// and a property of a YAML record, which a row of the record's table explains to users.
struct DocumentationRule {
  /// What protocols of Swift and of packages demand.
  private static let foreign: Set<String> = [
    "description", "hash(into:)", "encode(to:)", "init(from:)", "init(integerLiteral:)", "init(stringLiteral:)",
    "run()",
    "==", "<",
  ]

  private var demanded = Self.foreign

  /// The rule for these sources, which declare the protocols.
  init(_ sources: [String]) {
    for source in sources {
      demanded.formUnion(Self.declarations(in: source).filter(\.isRequirement).map(\.signature))
    }
  }

  /// The declarations of a source that lack a comment, one phrase for each.
  func problems(in source: String) -> [String] {
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    let explained = Set(CodeText.code(of: source).matches(of: #/Field\(\s*"",\s*\\\.(\w+)/#).map { String($0.1) })
    return Self.declarations(in: source).compactMap { declaration in
      let before = lines[..<declaration.line].last { !$0.trimmingPrefix(while: \.isWhitespace).hasPrefix("@") }
      if before?.trimmingPrefix(while: \.isWhitespace).hasPrefix("///") ?? false { return nil }
      let stands = demanded.contains(declaration.signature) || explained.contains(declaration.signature)
      if stands, !declaration.isRequirement { return nil }
      return "\(declaration.line + 1): \(declaration.signature) has no comment that says what it is"
    }
  }

  private struct Declaration {
    /// The index of its line.
    let line: Int
    /// The name, for functions with the labels of their parameters.
    let signature: String
    /// Whether it is a member of a protocol.
    let isRequirement: Bool
  }

  private static func declarations(in source: String) -> [Declaration] {
    let lines = CodeText.code(of: source).split(separator: "\n", omittingEmptySubsequences: false)
    // Attributes, modifiers (1) and the kind of declaration (2).
    let pattern =
      #/
      ^\s* (?:@\w+(?:\([^)]*\))?\s+)* ((?:[a-z]+(?:\(set\))?\s+)*?)
      (func|var|let|struct|enum|class|actor|protocol|init|subscript)\b\s*
      /#
    var isProtocol = false
    return lines.indices.compactMap { index in
      let line = lines[index]
      defer {
        if line.hasPrefix("}") { isProtocol = false }
        if line.contains(#/^(package )?protocol /#), line.hasSuffix("{") { isProtocol = true }
      }
      guard let match = line.firstMatch(of: pattern), isProtocol || match.1.contains("package ") else { return nil }
      let rest = String(line[match.range.upperBound...]) + lines[(index + 1)...].prefix(8).joined(separator: " ")
      let isFunction = ["func", "init", "subscript"].contains(match.2)
      let name = match.2 == "init" || match.2 == "subscript" ? String(match.2) : name(rest)
      return Declaration(
        line: index, signature: isFunction ? name + labels(rest) : name, isRequirement: isProtocol)
    }
  }

  private static func name(_ text: String) -> String {
    let word = text.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
    return String(word.isEmpty ? text.prefix { $0 != " " && $0 != "(" } : word)
  }

  /// "(a:_:)" for the first parameters in a text; nothing for operators, whose parameters have no labels.
  private static func labels(_ text: String) -> String {
    guard let open = text.firstIndex(of: "("), !text.hasPrefix("=="), !text.hasPrefix("<") else { return "" }
    var (depth, isStart, labels) = (0, true, "")
    for word in text[open...].matches(of: #/\w+|->|[^\w\s]/#).map({ $0.output }) {
      if depth == 1, isStart, word.first?.isLetter ?? false || word == "_" {
        labels += "\(word):"
        isStart = false
      }
      if ["(", "[", "{", "<"].contains(word) { depth += 1 }
      if [")", "]", "}", ">"].contains(word) { depth -= 1 }
      if depth == 1, word == "," { isStart = true }
      if depth == 0 { break }
    }
    return "(\(labels))"
  }
}
