import Network
import Operators
package import StrictYAML

/// A number of bytes, written as `64KiB`, `1MiB` or a plain number.
package struct ByteCount: YAMLValue, Hashable {
  /// The number of bytes.
  package var bytes: Int

  /// So many bytes.
  package init(_ bytes: Int) { self.bytes = bytes }

  private static let units: [(suffix: String, size: Int)] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]

  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    let text = try cursor.scalar("a size such as 1MiB")
    let unit = Self.units.first { text.hasSuffix($0.suffix) }
    let digits = text.dropLast(unit?.suffix.count ?? 0)
    guard let count = Int(digits), count >= 0, count < 1 << 32 else {
      throw cursor.failure("must be a size such as 64KiB, 1MiB or 65536, not '\(text)'")
    }
    bytes = count * (unit?.size ?? 1)
  }

  package var yaml: YAMLTree {
    guard bytes > 0, let unit = Self.units.first(where: { bytes % $0.size == 0 }) else { return bytes.yaml }
    return .word("\(bytes / unit.size)\(unit.suffix)")
  }

  package static var yamlForm: String { "size such as 1MiB" }
}

/// Checks that several fields share.
enum Bounds {
  static let positive: @Sendable (Int?) -> String? = { $0.map { $0 >= 1 } ?? true ? nil : "must be at least 1" }
  static let interval: @Sendable (Double?) -> String? = { $0.map { $0 > 0 } ?? true ? nil : "must be above 0" }
  static let channels: @Sendable (Int?) -> String? = { $0.map { $0 == 1 || $0 == 3 } ?? true ? nil : "must be 1 or 3" }
  static let imageSize: @Sendable (Extent?) -> String? = { $0.flatMap(Extent.atLeast(1)) }
}
