/// What the header of a safetensors file says.
struct SafeTensorsHeader {
  /// One tensor: its place is `begin ..< end` in the data behind the header.
  struct Entry {
    var name: String
    var type: ElementType
    var shape: [Int]
    var begin: Int
    var end: Int
  }

  /// The tensors, in the order in which the header lists them.
  var entries: [Entry] = []
  /// Free text by key.
  var metadata: [String: String] = [:]

  /// Checks that the tensors cover the data from its first byte on without hole or overlap, as the format asks, and
  /// that each one's place has the size its shape and type need.
  ///
  /// - Returns: the number of bytes that the data must have.
  func validated() throws(InterchangeError) -> Int {
    var covered = 0
    for entry in entries.sorted(by: { ($0.begin, $0.end) < ($1.begin, $1.end) }) {
      guard entry.begin == covered else {
        let fault = entry.begin < covered ? "overlaps the tensor before it" : "leaves a hole before it"
        throw InterchangeError("tensor '\(entry.name)' \(fault) (it begins at \(entry.begin), not \(covered))")
      }
      try entry.checkSize()
      covered = entry.end
    }
    return covered
  }
}

extension SafeTensorsHeader.Entry {
  /// Checks that shape × width is the length of the place.
  fileprivate func checkSize() throws(InterchangeError) {
    guard end >= begin else {
      throw InterchangeError("tensor '\(name)' ends at \(end), before its begin at \(begin)")
    }
    var needed = type.width
    for size in shape {
      let product = needed.multipliedReportingOverflow(by: size)
      guard !product.overflow else {
        throw InterchangeError("tensor '\(name)' has the shape \(shape), which no memory holds")
      }
      needed = product.partialValue
    }
    guard needed == end - begin else {
      throw InterchangeError(
        "tensor '\(name)' of shape \(shape) and type \(type.rawValue) needs \(needed) bytes, "
          + "its data_offsets give \(end - begin)")
    }
  }
}

extension SafeTensorsHeader {
  /// The header as JSON without spaces, entries as listed, metadata first and in the order of its keys; padded with
  /// spaces to a multiple of 8 bytes.
  func encoded() -> [UInt8] {
    var members = entries.map { $0.encoded() }
    if !metadata.isEmpty {
      let pairs = metadata.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
        .map { "\(quoted($0.key)):\(quoted($0.value))" }
      members.insert("\"__metadata__\":{\(pairs.joined(separator: ","))}", at: 0)
    }
    let text = Array("{\(members.joined(separator: ","))}".utf8)
    return text + [UInt8](repeating: UInt8(ascii: " "), count: (8 - text.count % 8) % 8)
  }
}

extension SafeTensorsHeader.Entry {
  fileprivate func encoded() -> String {
    let sizes = shape.map(String.init).joined(separator: ",")
    return "\(quoted(name)):{\"dtype\":\"\(type.rawValue)\",\"shape\":[\(sizes)],\"data_offsets\":[\(begin),\(end)]}"
  }
}

/// `text` as a JSON string.
///
/// Source: RFC 8259, section 7: only the quotation mark, the reverse solidus and U+0000 to U+001F must be escaped.
private func quoted(_ text: String) -> String {
  var quoted = "\""
  for scalar in text.unicodeScalars {
    if let letter = shortEscapes[scalar] {
      quoted += "\\\(letter)"
    } else if scalar.value < 0x20 {
      quoted += (scalar.value < 0x10 ? "\\u000" : "\\u00") + String(scalar.value, radix: 16)
    } else {
      quoted.unicodeScalars.append(scalar)
    }
  }
  return quoted + "\""
}

/// The characters that JSON escapes by one letter.
private let shortEscapes: [Unicode.Scalar: Character] = [
  "\"": "\"", "\\": "\\", "\u{8}": "b", "\t": "t", "\n": "n", "\u{C}": "f", "\r": "r",
]
