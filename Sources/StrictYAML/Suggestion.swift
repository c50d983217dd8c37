/// The known word that an unknown one was probably meant to be.
package enum Suggestion {
  /// "did you mean 'x'?" where something is near, else the list of known words.
  package static func phrase(for word: String, among known: [String]) -> String {
    if let nearest = nearest(to: word, among: known) { return "did you mean '\(nearest)'?" }
    return "known are \(known.joined(separator: ", "))"
  }

  /// The known word with the smallest edit distance, if that is at most a third of the longer length (at least 2).
  package static func nearest(to word: String, among known: [String]) -> String? {
    let scored = known.map { (word: $0, distance: distance(Array(word), Array($0))) }
    guard let best = scored.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(2, max(word.count, best.word.count) / 3) ? best.word : nil
  }

  /// Levenshtein's distance: insertions, deletions and replacements that turn `a` into `b`.
  private static func distance(_ a: [Character], _ b: [Character]) -> Int {
    var row = Array(0...b.count)
    for (i, character) in a.enumerated() {
      var diagonal = row[0]
      row[0] = i + 1
      for j in b.indices {
        let replaced = diagonal + (character == b[j] ? 0 : 1)
        diagonal = row[j + 1]
        row[j + 1] = min(replaced, row[j] + 1, diagonal + 1)
      }
    }
    return row[b.count]
  }
}
