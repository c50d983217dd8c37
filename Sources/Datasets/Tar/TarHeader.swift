/// One 512-byte header of a tar archive.
///
/// Source: POSIX.1-2017, pax, "ustar Interchange Format"; base-256 numbers and the name type as in GNU tar's manual,
/// "Basic Tar Format".
struct TarHeader {
  /// The length of a block, in bytes.
  static let blockLength = 512

  let name: [UInt8]
  let size: Int
  let kind: Kind

  /// What a header describes.
  enum Kind: Hashable {
    case file
    case folder
    case link
    /// The member's data is the next member's name (GNU) or link name, which is not needed.
    case longName
    case longLink
    /// The member's data are records about the next member (pax).
    case records
    case globalRecords
    case other
  }

  /// Reads a block; nil if its checksum or its size is wrong.
  init?(_ block: [UInt8]) {
    guard block.count == Self.blockLength, Self.checksumFits(block), let size = Self.number(block[124..<136]) else {
      return nil
    }
    self.size = size
    kind = Self.kind(block[156])
    let name = block[0..<100].prefix { $0 != 0 }
    let prefix = block[345..<500].prefix { $0 != 0 }
    // Old GNU headers have other things where POSIX has the prefix; their magic ends with a space.
    let isPosix = Array(block[257..<263]) == Array("ustar\0".utf8)
    self.name = isPosix && !prefix.isEmpty ? prefix + [UInt8(ascii: "/")] + name : Array(name)
  }

  private static func kind(_ flag: UInt8) -> Kind {
    switch flag {
    case 0, UInt8(ascii: "0"), UInt8(ascii: "7"): .file
    case UInt8(ascii: "1"), UInt8(ascii: "2"): .link
    case UInt8(ascii: "5"): .folder
    case UInt8(ascii: "L"): .longName
    case UInt8(ascii: "K"): .longLink
    case UInt8(ascii: "x"): .records
    case UInt8(ascii: "g"): .globalRecords
    default: .other
    }
  }

  /// The sum of all bytes, those of the checksum itself counted as spaces.
  private static func checksumFits(_ block: [UInt8]) -> Bool {
    let field = 148..<156
    let sum = block.indices.reduce(0) { $0 + (field.contains($1) ? 32 : Int(block[$1])) }
    return number(block[field]) == sum
  }

  /// An octal number between blanks, or GNU's base-256 number; nil if it is neither or negative or above 2^62.
  private static func number(_ field: ArraySlice<UInt8>) -> Int? {
    if let first = field.first, first & 0x80 != 0 { return binaryNumber(field) }
    let digits = field.drop { $0 == UInt8(ascii: " ") }.prefix { $0 != 0 && $0 != UInt8(ascii: " ") }
    var number = 0
    for digit in digits {
      guard (UInt8(ascii: "0")...UInt8(ascii: "7")).contains(digit) else { return nil }
      number = number << 3 | Int(digit - UInt8(ascii: "0"))
    }
    return number
  }

  private static func binaryNumber(_ field: ArraySlice<UInt8>) -> Int? {
    var number = Int((field.first ?? 0) & 0x7F)
    for byte in field.dropFirst() {
      guard number < 1 << 54 else { return nil }
      number = number << 8 | Int(byte)
    }
    return number
  }
}
