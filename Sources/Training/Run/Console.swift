import Foundation

/// Where a run speaks to the person who started it. Only rank 0 has one that prints.
package struct Console: Sendable {
  private let isTerminal: Bool
  private let isSilent: Bool

  /// A console on the standard output: on a terminal the progress line stays in place, elsewhere it is a plain line
  /// now and then.
  ///
  /// - Parameters:
  ///   - isSilent: whether nothing is printed.
  ///   - isForwarded: whether a launcher passes the output on. Open MPI gives its processes a terminal of their own
  ///     whatever its output is, so it proves nothing.
  package init(isSilent: Bool = false, isForwarded: Bool = false) {
    self.isSilent = isSilent
    isTerminal = !isForwarded && isatty(STDOUT_FILENO) == 1
  }

  /// Whether progress stays on one line.
  var isInteractive: Bool { isTerminal && !isSilent }

  /// Prints a line.
  package func line(_ text: String) {
    guard !isSilent else { return }
    write((isTerminal ? "\r\u{1B}[K" : "") + text + "\n")
  }

  /// Tells the user of a command something beside its result, on the standard error.
  static func note(_ text: String) {
    try? FileHandle.standardError.write(contentsOf: Data("note: \(text)\n".utf8))
  }

  /// Shows progress: in place on a terminal.
  func progress(_ text: String) {
    guard !isSilent else { return }
    write(isTerminal ? "\r\u{1B}[K" + text : text + "\n")
  }

  private func write(_ text: String) {
    // A closed pipe must not end a training run.
    try? FileHandle.standardOutput.write(contentsOf: Data(text.utf8))
  }
}

/// Numbers as people read them.
package enum Display {
  /// A number with a fixed count of decimals.
  package static func decimal(_ value: Double, _ decimals: Int) -> String {
    String(format: "%.\(decimals)f", value)
  }

  /// A number with four significant digits.
  package static func scientific(_ value: Double) -> String { String(format: "%.3e", value) }

  /// A share as a percentage.
  package static func percent(_ share: Double, _ decimals: Int = 1) -> String { decimal(100 * share, decimals) + " %" }

  /// A duration: 45 s, 3 min 20 s, 2 h 5 min.
  package static func duration(_ seconds: Double) -> String {
    let whole = Int(max(0, seconds.isFinite ? seconds : 0).rounded())
    if whole < 60 { return "\(whole) s" }
    if whole < 3600 { return "\(whole / 60) min \(whole % 60) s" }
    return "\(whole / 3600) h \(whole / 60 % 60) min"
  }

  /// A number with separators: 61,706.
  package static func count(_ value: Int) -> String {
    let digits = Array(String(abs(value)).reversed())
    let groups = stride(from: 0, to: digits.count, by: 3).map {
      String(digits[$0..<min($0 + 3, digits.count)].reversed())
    }
    return (value < 0 ? "-" : "") + groups.reversed().joined(separator: ",")
  }

  /// A size in bytes: 3.4 MB.
  package static func bytes(_ count: Int) -> String {
    let value = Double(count)
    if value >= 1e9 { return decimal(value / 1e9, 1) + " GB" }
    if value >= 1e6 { return decimal(value / 1e6, 1) + " MB" }
    return decimal(value / 1e3, 1) + " kB"
  }
}
