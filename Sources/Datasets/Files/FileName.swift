/// A file's name or path: bytes, as the file system and tar see it.
///
/// Swift's strings are equal when they look equal, so that "é" in one character and "é" in two would be one file.
struct FileName: Hashable, Comparable, Sendable {
  let bytes: [UInt8]

  static let slash = UInt8(ascii: "/")

  /// A name of the given bytes.
  init(_ bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  /// A name of a text's UTF-8 bytes.
  init(_ text: String) { bytes = Array(text.utf8) }

  /// The order of bytes, which depends on no locale.
  static func < (a: FileName, b: FileName) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }

  /// A path of a folder and what lies below it.
  static func / (folder: FileName, rest: FileName) -> FileName {
    FileName(folder.bytes + CollectionOfOne(slash) + rest.bytes)
  }

  /// The name as text; nil if it is not UTF-8.
  var utf8: String? { String(validating: bytes, as: UTF8.self) }

  /// The name for messages: what is not UTF-8, and what would move the cursor, as `\x` and two hexadecimal digits.
  var text: String {
    var text = ""
    var rest = bytes[...]
    while let first = rest.first {
      let length = Self.lengthOfScalar(from: first)
      if let scalar = String(validating: rest.prefix(length), as: UTF8.self)?.unicodeScalars.first,
        scalar.properties.generalCategory != .control
      {
        text.unicodeScalars.append(scalar)
        rest = rest.dropFirst(length)
      } else {
        text += Self.escaped(first)
        rest = rest.dropFirst()
      }
    }
    return text
  }

  /// How many bytes the scalar has that starts with `byte`; 1 if none does.
  private static func lengthOfScalar(from byte: UInt8) -> Int {
    switch byte {
    case 0xC0...0xDF: 2
    case 0xE0...0xEF: 3
    case 0xF0...0xF7: 4
    default: 1
    }
  }

  /// The parts between the slashes.
  var parts: [FileName] { bytes.split(separator: Self.slash).map { FileName($0) } }

  /// The last part.
  var last: FileName { FileName(bytes[((bytes.lastIndex(of: Self.slash) ?? -1) + 1)...]) }

  /// The path of the folder; nil for a path without folders.
  var parent: FileName? { bytes.lastIndex(of: Self.slash).map { FileName(bytes[..<$0]) } }

  /// The first folder of the path and what follows its slash; nil for a path without folders.
  var cut: (folder: FileName, rest: FileName)? {
    bytes.firstIndex(of: Self.slash).map { (FileName(bytes[..<$0]), FileName(bytes[($0 + 1)...])) }
  }

  /// The name with A to Z made small.
  var lowercased: FileName {
    FileName(bytes.map { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) ? $0 | 0x20 : $0 })
  }

  /// What stands behind the last dot, made small; nil if there is no dot behind the first byte.
  var ending: FileName? {
    let name = last.bytes
    guard let dot = name.lastIndex(of: UInt8(ascii: ".")), dot > 0, dot + 1 < name.count else { return nil }
    return FileName(name[(dot + 1)...]).lowercased
  }

  private static func escaped(_ byte: UInt8) -> String {
    "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
  }
}
