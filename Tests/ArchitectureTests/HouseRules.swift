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
}
