/// Rules for the words of the sources.
enum HouseRules {
  /// What is wrong with a source, one phrase for each place.
  static func problems(in source: String) -> [String] {
    CodeText.code(of: source).words.compactMap { word, before, after in
      switch (word, after) {
      case _ where before == "." || before == "`": nil
      case ("public", _): "public: nothing is a library here; use package"
      case ("try", "!"), ("as", "!"): "\(word)!: throw an error that says what, where and the remedy"
      case ("testable", _) where before == "@": "@testable: test what other targets can call"
      default: nil
      }
    }
  }

  /// Whether the word `unsafe` occurs in the code, as a mark of an expression or as an attribute.
  static func usesUnsafe(_ source: String) -> Bool {
    CodeText.code(of: source).words.contains { $0.word == "unsafe" && $0.before != "." }
  }

  /// The widest line, in columns.
  static let width = 120

  /// Folders with wider lines, to be taken out of the list as they are mended.
  static let wideFolders = ["Sources/Diagnostics/"]

  /// The numbers of the lines that are too wide, from 1.
  static func wideLines(in source: String) -> [Int] {
    let lines = source.split(separator: "\n", omittingEmptySubsequences: false)
    return lines.indices.filter { lines[$0].count > width }.map { $0 + 1 }
  }
}
