/// The records of a pax extended header: "LENGTH KEY=VALUE\n", the length counting the whole record.
///
/// Source: POSIX.1-2017, pax, "pax Extended Header".
struct PaxRecords {
  /// The member's name, if the records give one.
  private(set) var path: [UInt8]?
  /// The member's size, if the records give one.
  private(set) var size: Int?
  /// Whether the member's data is stored with holes (GNU), so that its bytes are not in one piece.
  private(set) var isSparse = false

  /// No records.
  init() {}

  /// Reads the data of an extended header; nil if it does not have the form of records.
  init?(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      guard let space = rest.firstIndex(of: UInt8(ascii: " ")), space - rest.startIndex <= 9,
        let length = Int(String(decoding: rest[..<space], as: UTF8.self)), length <= rest.count,
        length > space - rest.startIndex + 1
      else { return nil }
      let record = rest.prefix(length)
      guard record.last == UInt8(ascii: "\n"), add(record[(space + 1)...].dropLast()) else { return nil }
      rest = rest.dropFirst(length)
    }
  }

  private mutating func add(_ record: ArraySlice<UInt8>) -> Bool {
    guard let equals = record.firstIndex(of: UInt8(ascii: "=")) else { return false }
    let value = record[(equals + 1)...]
    switch String(decoding: record[..<equals], as: UTF8.self) {
    case "path": path = Array(value)
    case "size":
      guard let number = Int(String(decoding: value, as: UTF8.self)), number >= 0 else { return false }
      size = number
    case let key: isSparse = isSparse || key.hasPrefix("GNU.sparse.")
    }
    return true
  }
}
