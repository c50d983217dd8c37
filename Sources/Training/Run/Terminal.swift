import Foundation

/// What the environment and the system tell about the terminal.
package enum Terminal {
  /// Whether a line can be drawn again: not on a terminal that only prints, as Emacs' shell and some logs are.
  package static func redraws(in environment: [String: String]) -> Bool {
    let name = environment["TERM"] ?? ""
    return !name.isEmpty && name != "dumb"
  }

  /// Whether the locale has characters beyond ASCII. As POSIX has it, LC_ALL goes before LC_CTYPE and that before LANG,
  /// empty ones do not count, and without any the locale is C.
  package static func isUnicode(in environment: [String: String]) -> Bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? "C"
    let plain = locale.lowercased()
    return plain.contains("utf-8") || plain.contains("utf8")
  }

  /// The columns of a terminal; where it does not tell, those of the variable COLUMNS, or 80.
  package static func width(of descriptor: Int32) -> Int {
    var size = winsize()
    if unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    let columns = ProcessInfo.processInfo.environment["COLUMNS"].flatMap { Int($0) } ?? 80
    return (1...10_000).contains(columns) ? columns : 80
  }
}

/// Text for terminals that show ASCII alone.
package enum PlainText {
  /// The signs of this program's own texts, in ASCII. What a user has named stays as it is.
  private static let signs: [Character: String] = [
    "×": "x", "…": "...", "–": "-", "−": "-", "·": "*", "→": "->", "←": "<-", "≤": "<=", "≥": ">=", "≈": "~", "±": "+-",
    "µ": "u", "μ": "mu", "λ": "lambda", "η": "eta", "ε": "epsilon", "σ": "sigma", "τ": "tau", "α": "alpha", "β": "beta",
    "κ": "kappa", "Σ": "sum", "Φ": "Phi", "√": "sqrt",
    "½": "1/2", "²": "^2", "³": "^3", "⌊": "floor(", "⌋": ")", "ℓ": "l", "’": "'", "‘": "'", "“": "\"", "”": "\"",
    "∞": "inf", "∈": "in", "≠": "!=", "°": " degrees",
  ]

  /// The text with its own signs in ASCII.
  package static func ascii(_ text: String) -> String {
    // The common case has nothing to replace.
    guard text.utf8.contains(where: { $0 >= 0x80 }) else { return text }
    return text.reduce(into: "") { $0 += signs[$1] ?? String($1) }
  }

  /// The text as this process's terminal can show it.
  package static func shown(_ text: String) -> String {
    Terminal.isUnicode(in: ProcessInfo.processInfo.environment) ? text : ascii(text)
  }
}
