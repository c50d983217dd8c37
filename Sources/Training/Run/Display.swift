import Foundation

/// Numbers as people read them.
package enum Display {
  /// A number with a fixed count of decimals.
  package static func decimal(_ value: Double, _ decimals: Int) -> String {
    String(format: "%.\(decimals)f", value)
  }

  /// A number with at most so many decimals: 2, 2.5, 0.0333.
  package static func trimmed(_ value: Double, _ decimals: Int) -> String {
    var text = decimal(value, decimals)
    guard text.contains(".") else { return text }
    while text.hasSuffix("0") { text.removeLast() }
    return text.hasSuffix(".") ? String(text.dropLast()) : text
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
