import Checkpoints

/// What the ranks of a launch run: a command of cnn-dist, and where its run goes on after a failure.
package struct RankJob: Hashable, Sendable {
  /// The words after `cnn-dist`, as they were given.
  package let words: [String]
  /// The directory of a training run; nil for commands that have none and are simply run again.
  package let runDirectory: String?

  /// A job.
  package init(words: [String], runDirectory: String?) { (self.words, self.runDirectory) = (words, runDirectory) }

  /// The words of the first try: as given, with the run directory.
  package var start: [String] {
    guard let runDirectory else { return words }
    return Self.without(["--run-dir", "--name"], words) + ["--run-dir", runDirectory]
  }

  /// The words of a try that goes on where the run is. Faults that were made on purpose are not made again.
  package var resumption: [String] {
    guard let runDirectory else { return Self.without(["--chaos"], words) }
    return Self.without(["--run-dir", "--name", "--resume", "--chaos"], words)
      + ["--run-dir", runDirectory, "--resume", "auto"]
  }

  /// Words without some options and their values.
  private static func without(_ options: Set<String>, _ words: [String]) -> [String] {
    var kept: [String] = []
    var skipsValue = false
    for word in words {
      if skipsValue {
        skipsValue = false
      } else if options.contains(word) {
        skipsValue = true
      } else if !options.contains(where: { word.hasPrefix($0 + "=") }) {
        kept.append(word)
      }
    }
    return kept
  }
}

/// Words as a shell takes them.
package enum ShellWords {
  /// The words in one line; those with characters of the shell's own are quoted.
  package static func text(_ words: [String]) -> String {
    words.map { word in
      let isPlain = !word.isEmpty && word.allSatisfy { $0.isLetter || $0.isNumber || "-_./=,:+@%^".contains($0) }
      return isPlain ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }.joined(separator: " ")
  }
}
