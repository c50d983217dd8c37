/// Swift source without its comments and without the contents of its literals; lines keep their numbers. What stands in
/// an interpolation is code.
struct CodeText {
  private let scalars: [Unicode.Scalar]
  private var position = 0
  private var code = String.UnicodeScalarView()

  private init(_ text: String) { scalars = Array(text.unicodeScalars) }

  /// The code of a source text.
  static func code(of text: String) -> String {
    var scanner = CodeText(text)
    scanner.scanCode(insideInterpolation: false)
    return String(scanner.code)
  }

  private var isAtEnd: Bool { position >= scalars.count }

  private func isAt(_ text: String) -> Bool {
    scalars[position...].starts(with: text.unicodeScalars)
  }

  /// Leaves something out, but not its line breaks.
  private mutating func skip(_ count: Int) {
    for scalar in scalars[position..<min(position + count, scalars.count)] where scalar == "\n" { code.append("\n") }
    position += count
  }

  private mutating func keep() {
    code.append(scalars[position])
    position += 1
  }

  private mutating func scanCode(insideInterpolation: Bool) {
    var depth = 0
    while !isAtEnd {
      if isAt("//") {
        while !isAtEnd, !isAt("\n") { position += 1 }
      } else if isAt("/*") {
        scanBlockComment()
      } else if let hashes = literalStart() {
        scanLiteral(hashes: hashes)
      } else {
        if isAt("(") { depth += 1 }
        if isAt(")") { depth -= 1 }
        if insideInterpolation, depth < 0 { return }
        keep()
      }
    }
  }

  private mutating func scanBlockComment() {
    var depth = 0
    repeat {
      if isAt("/*") {
        depth += 1
        position += 2
      } else if isAt("*/") {
        depth -= 1
        position += 2
      } else {
        skip(1)
      }
    } while depth > 0 && !isAtEnd
    code.append(" ")
  }

  /// The number of number signs before a string literal that begins here; nil if none does.
  private func literalStart() -> Int? {
    let hashes = scalars[position...].prefix { $0 == "#" }.count
    let quote = position + hashes
    return quote < scalars.count && scalars[quote] == "\"" ? hashes : nil
  }

  private mutating func scanLiteral(hashes: Int) {
    let sign = String(repeating: "#", count: hashes)
    position += hashes
    let quotes = isAt("\"\"\"") ? "\"\"\"" : "\""
    position += quotes.count
    code.append("\"")
    while !isAtEnd, !isAt(quotes + sign) { scanLiteralPart(escape: "\\" + sign) }
    code.append("\"")
    position += quotes.count + hashes
  }

  private mutating func scanLiteralPart(escape: String) {
    guard isAt(escape) else { return skip(1) }
    position += escape.count
    guard !isAtEnd, isAt("(") else { return skip(1) }
    keep()
    scanCode(insideInterpolation: true)
    if !isAtEnd { keep() }
  }
}

extension String {
  /// The words of code in order, each with the scalar before and the scalar after it.
  var words: [(word: String, before: Unicode.Scalar?, after: Unicode.Scalar?)] {
    let scalars = Array(unicodeScalars)
    var words: [(String, Unicode.Scalar?, Unicode.Scalar?)] = []
    var start: Int?
    for index in 0...scalars.count {
      let isWord = index < scalars.count && (scalars[index].properties.isXIDContinue || scalars[index] == "_")
      if isWord {
        start = start ?? index
      } else if let first = start {
        let word = String(String.UnicodeScalarView(scalars[first..<index]))
        words.append((word, first > 0 ? scalars[first - 1] : nil, index < scalars.count ? scalars[index] : nil))
        start = nil
      }
    }
    return words
  }
}
