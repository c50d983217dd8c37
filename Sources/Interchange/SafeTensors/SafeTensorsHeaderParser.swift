import Foundation

/// Reads the JSON header of a safetensors file.
///
/// A reader of its own, because the general ones lose what must be seen in a file from outside: a name that occurs
/// twice, a number that is no whole number, a key that should not be there.
struct SafeTensorsHeaderParser {
  private let bytes: [UInt8]
  private var position = 0

  /// A parser of the header's `bytes`.
  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// The header. Its first byte must be a brace; only white space may follow it.
  mutating func parse() throws(InterchangeError) -> SafeTensorsHeader {
    guard bytes.first == UInt8(ascii: "{") else { throw unexpected("an opening brace") }
    var header = SafeTensorsHeader()
    var names: Set<String> = []
    try object { parser, name throws(InterchangeError) in
      try parser.require(names.insert(name).inserted, "the name '\(name)' occurs twice in the header")
      if name == "__metadata__" {
        header.metadata = try parser.metadata()
      } else {
        header.entries.append(try parser.entry(name))
      }
    }
    skipSpace()
    guard position == bytes.count else { throw unexpected("the end of the header") }
    return header
  }

  private mutating func metadata() throws(InterchangeError) -> [String: String] {
    var metadata: [String: String] = [:]
    try object { parser, key throws(InterchangeError) in
      let former = metadata.updateValue(try parser.string(), forKey: key)
      try parser.require(former == nil, "the metadata key '\(key)' occurs twice in the header")
    }
    return metadata
  }

  private mutating func entry(_ name: String) throws(InterchangeError) -> SafeTensorsHeader.Entry {
    var type: String?
    var shape: [Int]?
    var offsets: [Int]?
    try object { parser, key throws(InterchangeError) in
      switch key {
      case "dtype" where type == nil: type = try parser.string()
      case "shape" where shape == nil: shape = try parser.integers()
      case "data_offsets" where offsets == nil: offsets = try parser.integers()
      default: try parser.require(false, "tensor '\(name)' has the key '\(key)' twice, or where the format has none")
      }
    }
    guard let type, let shape, let offsets, offsets.count == 2 else {
      throw InterchangeError("tensor '\(name)' lacks its dtype, its shape or its two data_offsets")
    }
    guard let known = ElementType(rawValue: type) else {
      let readable = ElementType.allCases.map(\.rawValue).joined(separator: ", ")
      throw InterchangeError(
        "tensor '\(name)' has elements of type '\(type)'; convert it to one of \(readable)")
    }
    return SafeTensorsHeader.Entry(name: name, type: known, shape: shape, begin: offsets[0], end: offsets[1])
  }
}

// The grammar of JSON (RFC 8259), as far as a header uses it.
extension SafeTensorsHeaderParser {
  private mutating func object(
    _ member: (inout Self, String) throws(InterchangeError) -> Void
  ) throws(InterchangeError) {
    try list(from: "{", to: "}") { parser throws(InterchangeError) in
      let key = try parser.string()
      try parser.expect(":")
      try member(&parser, key)
    }
  }

  private mutating func integers() throws(InterchangeError) -> [Int] {
    var integers: [Int] = []
    try list(from: "[", to: "]") { parser throws(InterchangeError) in integers.append(try parser.integer()) }
    return integers
  }

  private mutating func list(
    from open: Unicode.Scalar, to close: Unicode.Scalar, _ element: (inout Self) throws(InterchangeError) -> Void
  ) throws(InterchangeError) {
    try expect(open)
    if take(close) { return }
    repeat { try element(&self) } while take(",")
    try expect(close)
  }

  /// A whole number from 0 to the largest `Int`.
  private mutating func integer() throws(InterchangeError) -> Int {
    skipSpace()
    let digits = bytes[position...].prefix { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
    guard digits.count == 1 || digits.first != UInt8(ascii: "0"),
      let value = Int(String(decoding: digits, as: UTF8.self))
    else { throw unexpected("a whole number of 0 to 2^63-1") }
    position = digits.endIndex
    return value
  }

  private mutating func string() throws(InterchangeError) -> String {
    try expect("\"")
    let start = position
    var escaped = false
    while position < bytes.count, bytes[position] != UInt8(ascii: "\"") {
      let isEscape = bytes[position] == UInt8(ascii: "\\")
      escaped = escaped || isEscape
      position += isEscape ? 2 : 1
    }
    guard position < bytes.count else { throw unexpected("the end of a string") }
    defer { position += 1 }
    let inside = bytes[start..<position]
    let text = escaped ? Self.unescaped(inside) : String(validating: inside, as: UTF8.self)
    guard let text, !inside.contains(where: { $0 < 0x20 }) else { throw unexpected("a valid string before") }
    return text
  }

  /// The string whose JSON form has `inside` between its quotation marks.
  private static func unescaped(_ inside: ArraySlice<UInt8>) -> String? {
    let quote = [UInt8(ascii: "\"")]
    return try? JSONDecoder().decode(String.self, from: Data(quote + inside + quote))
  }

  private mutating func expect(_ scalar: Unicode.Scalar) throws(InterchangeError) {
    guard take(scalar) else { throw unexpected("'\(scalar)'") }
  }

  /// Steps over `scalar`, an ASCII character, if it comes next.
  private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
    skipSpace()
    guard position < bytes.count, bytes[position] == UInt8(ascii: scalar) else { return false }
    position += 1
    return true
  }

  private mutating func skipSpace() {
    while position < bytes.count, [0x20, 0x09, 0x0A, 0x0D].contains(bytes[position]) { position += 1 }
  }

  private func require(_ condition: Bool, _ message: @autoclosure () -> String) throws(InterchangeError) {
    guard condition else { throw InterchangeError(message()) }
  }

  private func unexpected(_ expected: String) -> InterchangeError {
    InterchangeError("the header has something else than \(expected) at its byte \(position)")
  }
}
