/// The modules that a source imports.
enum ImportList {
  private static let accessLevels: Set = ["public", "package", "internal", "fileprivate", "private"]
  private static let kinds: Set = ["typealias", "struct", "class", "enum", "protocol", "let", "var", "func"]

  /// The modules in the order of their imports: `@preconcurrency package import struct A.B` names A.
  static func modules(in source: String) -> [String] {
    CodeText.code(of: source).split { $0.isNewline || $0 == ";" }.compactMap { module(of: String($0)) }
  }

  private static func module(of statement: String) -> String? {
    var tokens = statement.split { $0.isWhitespace }[...]
    while let token = tokens.first, token.hasPrefix("@") || accessLevels.contains(String(token)) {
      tokens.removeFirst()
    }
    guard tokens.popFirst() == "import" else { return nil }
    if let token = tokens.first, kinds.contains(String(token)) { tokens.removeFirst() }
    return tokens.first?.split(separator: ".").first.map(String.init)
  }
}
