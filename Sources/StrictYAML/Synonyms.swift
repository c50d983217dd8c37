/// What other programs call the words that are known here: `Conv2d` is a `convolution`.
///
/// Foreign words are written in lower case without hyphens and underscores. Each leads to the known words that it may
/// mean, the likeliest first; which of them is known where it was used decides.
package struct Synonyms: Sendable, ExpressibleByDictionaryLiteral {
  /// The known words by the foreign one.
  package let table: [String: [String]]

  /// The given words.
  package init(_ table: [String: [String]]) { self.table = table }

  /// Each known word by foreign ones that mean it and nothing else.
  package init(dictionaryLiteral elements: (String, [String])...) {
    table = Dictionary(elements.flatMap { known, foreign in foreign.map { ($0, [known]) } }) { $0 + $1 }
  }

  /// These words and others.
  package func and(_ others: Synonyms) -> Synonyms { Synonyms(table.merging(others.table) { $0 + $1 }) }

  /// The known word that a foreign one means.
  func word(for foreign: String, among known: [String]) -> String? {
    for form in Self.forms(of: foreign) {
      if let word = table[form]?.first(where: known.contains) { return word }
      if let word = Suggestion.same(as: form, among: known) { return word }
    }
    return nil
  }

  /// All known words that a foreign one may mean, the likeliest first.
  package func words(for foreign: String) -> [String] { Self.forms(of: foreign).compactMap { table[$0] }.first ?? [] }

  /// The word, and the word without what programs hang on it: the number of dimensions (`Conv2d`), a window
  /// (`conv3x3`), what it is (`ReLULayer`, `MSELoss`).
  private static func forms(of foreign: String) -> [String] {
    let plain = Suggestion.plain(foreign)
    var forms = [plain]
    for ending in ["1d", "2d", "3d"] where plain.hasSuffix(ending) { forms.append(String(plain.dropLast(2))) }
    for ending in ["layer", "loss", "module"] where plain.hasSuffix(ending) {
      forms.append(String(plain.dropLast(ending.count)))
    }
    if let window = plain.firstRange(of: /[0-9]x[0-9]$/) { forms.append(String(plain[..<window.lowerBound])) }
    return forms.filter { !$0.isEmpty }
  }
}
