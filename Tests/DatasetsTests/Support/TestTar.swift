/// Writes tar archives, right and wrong ones.
struct TestTar {
  private(set) var bytes: [UInt8] = []

  /// Adds a member: its header, its data and the filling.
  mutating func add(
    _ name: String, _ data: [UInt8] = [], kind: Character = "0", size: [UInt8]? = nil, prefix: String = ""
  ) {
    var block = [UInt8](repeating: 0, count: 512)
    put(Array(name.utf8.prefix(100)), at: 0, in: &block)
    put(Array("0000644\0".utf8), at: 100, in: &block)
    put(size ?? Self.octal(data.count, digits: 11), at: 124, in: &block)
    block[156] = kind.asciiValue ?? 0
    put(Array("ustar\u{0}00".utf8), at: 257, in: &block)
    put(Array(prefix.utf8), at: 345, in: &block)
    put([UInt8](repeating: 32, count: 8), at: 148, in: &block)
    put(Self.octal(block.reduce(0) { $0 + Int($1) }, digits: 6) + [0, 32], at: 148, in: &block)
    bytes += block + data + [UInt8](repeating: 0, count: (512 - data.count % 512) % 512)
  }

  /// Adds a member whose name does not fit, as GNU tar does.
  mutating func addLong(_ name: String, _ data: [UInt8]) {
    add("././@LongLink", Array(name.utf8) + [0], kind: "L")
    add(String(name.prefix(100)), data)
  }

  /// Adds a member whose name stands in a pax record.
  mutating func addPax(_ name: String, _ data: [UInt8]) {
    let record = " path=\(name)\n"
    var length = record.utf8.count + 1
    while "\(length)".count + record.utf8.count != length { length += 1 }
    add("PaxHeaders/x", Array("\(length)\(record)".utf8), kind: "x")
    add("short", data)
  }

  /// The archive with its end mark.
  var file: [UInt8] { bytes + [UInt8](repeating: 0, count: 1024) }

  /// A number in octal digits; `digits` of them.
  static func octal(_ number: Int, digits: Int) -> [UInt8] {
    let text = String(number, radix: 8)
    return Array((String(repeating: "0", count: max(digits - text.count, 0)) + text).utf8)
  }

  private func put(_ part: [UInt8], at place: Int, in block: inout [UInt8]) {
    for (index, byte) in part.enumerated() { block[place + index] = byte }
  }
}
