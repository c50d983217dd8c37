/// The known word that an unknown one was probably meant to be.
package enum Suggestion {
  /// "did you mean 'x'?" where something is near, else the list of known words.
  ///
  /// - Parameters:
  ///   - word: what a user wrote.
  ///   - known: what could have been written.
  ///   - synonyms: the words of other programs.
  package static func phrase(for word: String, among known: [String], synonyms: Synonyms = [:]) -> String {
    if let nearest = nearest(to: word, among: known, synonyms: synonyms) { return "did you mean '\(nearest)'?" }
    return "known are \(known.joined(separator: ", "))"
  }

  /// The known word that is most probably meant: the same word in another spelling, the word of another program, the
  /// word that the unknown one begins or is the beginning of, or the one with the smallest edit distance, if that is at
  /// most a third of the longer length (at least 2).
  package static func nearest(to word: String, among known: [String], synonyms: Synonyms = [:]) -> String? {
    same(as: word, among: known) ?? synonyms.word(for: word, among: known) ?? begun(by: word, among: known)
      ?? misspelt(word, among: known)
  }

  /// The known word of which this one is another spelling, a beginning or a slip, without a look at other programs'
  /// words and with less tolerance: what differs by more than a third of the shorter length is another word.
  package static func spelling(of word: String, among known: [String]) -> String? {
    if let same = same(as: word, among: known) { return same }
    return known.filter { distance(Array(word.lowercased()), Array($0)) <= min(word.count, $0.count) / 3 }
      .min { distance(Array(word.lowercased()), Array($0)) < distance(Array(word.lowercased()), Array($1)) }
  }

  /// The word without what spellings differ in: capitals, hyphens, underscores, points, spaces.
  package static func plain(_ word: String) -> String {
    String(word.lowercased().filter { $0.isLetter || $0.isNumber })
  }

  /// The known word that differs from this one in its spelling alone: BatchNorm and batch_norm are batch-norm.
  static func same(as word: String, among known: [String]) -> String? {
    let plain = plain(word)
    return known.first { Self.plain($0) == plain }
  }

  /// The shortest known word that begins with this one, or the longest that this one begins with: resnet18 is nearer to
  /// resnet18-cifar than to resnet20. Three letters at least, since shorter beginnings prove nothing.
  private static func begun(by word: String, among known: [String]) -> String? {
    let plain = plain(word)
    let longer = known.filter { plain.count >= 3 && Self.plain($0).hasPrefix(plain) }
    if let shortest = longer.min(by: { $0.count < $1.count }) { return shortest }
    return known.filter { $0.count >= 3 && plain.hasPrefix(Self.plain($0)) }.max { $0.count < $1.count }
  }

  /// The known word with the smallest edit distance. One whose number is another is another thing, not a slip:
  /// resnet34 is not resnet20.
  private static func misspelt(_ word: String, among known: [String]) -> String? {
    let number = word.filter(\.isNumber)
    let scored = known.filter { $0.filter(\.isNumber) == number || number.isEmpty }
      .map { (word: $0, distance: distance(Array(word.lowercased()), Array($0))) }
    guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(2, max(word.count, best.word.count) / 3) ? best.word : nil
  }

  /// How many insertions, deletions, replacements and exchanges of neighbours turn `a` into `b`.
  ///
  /// Source: Damerau, "A technique for computer detection and correction of spelling errors", 1964, in the form in
  /// which no part is changed twice.
  private static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var before = Array(0...b.count)
    var row = before
    for i in a.indices {
      var next = [i + 1] + Array(repeating: 0, count: b.count)
      for j in b.indices {
        next[j + 1] = min(row[j] + (a[i] == b[j] ? 0 : 1), next[j] + 1, row[j + 1] + 1)
        if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { next[j + 1] = min(next[j + 1], before[j - 1] + 1) }
      }
      (before, row) = (row, next)
    }
    return row[b.count]
  }
}
