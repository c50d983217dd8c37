package import Randomness

/// Model files that went wrong: random damage to the words and numbers of a text.
package enum HostileText {
  /// Numbers at the edges of what is allowed, and far beyond.
  private static let numbers = [
    "0", "-1", "1", "2", "3", "5", "7", "13", "255", "256", "1000", "32767", "65535", "65536", "65537", "1048576",
    "1048577", "2147483648", "4294967296", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
    "0.5", "1e-300", "1e-46", "1e-9", "0.9999999999", "1e39", "1e300", "-0.0", ".nan", ".inf", "1e999", "0x10",
  ]

  /// Values of other kinds.
  private static let values = [
    "[]", "{}", "[[]]", "[[[]]]", "null", "~", "same", "depthwise", "true", "labels", "values", "\"\"", "''", "relu",
    "[1, 2]", "[3, 1, 4, 1]", "[65536, 65536]", "[65536, 65536, 65536]", "[0, 0]", "{a: 1}", "&a [relu]", "*a",
  ]

  /// `text` with one to four words or numbers exchanged for others, moved, repeated or left out.
  ///
  /// - Parameter vocabulary: words that take the place of other words.
  package static func damaged(_ text: String, vocabulary: [String], _ stream: inout RandomStream) -> String {
    var tokens = tokens(of: text)
    for _ in 0...stream.integer(below: 4) {
      let onlyNumbers = !stream.oneIn(3)
      let places = tokens.indices.filter { isWord(tokens[$0]) && (!onlyNumbers || Double(tokens[$0]) != nil) }
      guard !places.isEmpty else { continue }
      let place = stream.pick(places)
      tokens[place] = replacement(of: tokens[place], among: places.map { tokens[$0] }, vocabulary, &stream)
    }
    return tokens.joined()
  }

  private static func replacement(
    of token: String, among others: [String], _ vocabulary: [String], _ stream: inout RandomStream
  ) -> String {
    let isNumber = Double(token) != nil
    switch stream.integer(below: 16) {
    case 0: return ""
    case 1: return "\(token), \(token)"
    case 2: return stream.pick(others)
    case 3: return stream.pick(values)
    case 4: return stream.pick(isNumber ? vocabulary : numbers)
    case 5...9 where isNumber: return String(stream.pick(0...6))
    default: return stream.pick(isNumber ? numbers : vocabulary)
    }
  }

  /// Runs of letters, digits, dots and signs, and what stands between them.
  private static func tokens(of text: String) -> [String] {
    var tokens: [String] = []
    for character in text {
      if let last = tokens.last?.last, isWordCharacter(last), isWordCharacter(character) {
        tokens[tokens.count - 1].append(character)
      } else {
        tokens.append(String(character))
      }
    }
    return tokens
  }

  private static func isWord(_ token: String) -> Bool { token.first.map(isWordCharacter) == true }

  private static func isWordCharacter(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || "_.-+".contains(character)
  }
}
