import CZlib

/// Writes PNG files, of every kind that a decoder must know.
enum TestPNG {
  /// The kinds of pixels, with PNG's numbers.
  enum Kind: UInt8 {
    case grey = 0
    case colour = 2
    case palette = 3
    case greyAlpha = 4
    case colourAlpha = 6
  }

  /// A PNG file; `rows` are the raw bytes of each row, `palette` three bytes per entry.
  static func file(
    width: Int, height: Int, kind: Kind, depth: UInt8 = 8, rows: [UInt8], palette: [UInt8] = [],
    exif: [UInt8] = []
  ) -> [UInt8] {
    let head = word(width) + word(height) + [depth, kind.rawValue, 0, 0, 0]
    let stride = rows.count / height
    let filtered = (0..<height).flatMap { [0] + rows[$0 * stride..<($0 + 1) * stride] }
    var file: [UInt8] = [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]
    file += chunk("IHDR", head)
    if !palette.isEmpty { file += chunk("PLTE", palette) }
    return file + chunk("IDAT", deflated(filtered)) + (exif.isEmpty ? [] : chunk("eXIf", exif)) + chunk("IEND", [])
  }

  /// An 8-bit colour PNG whose bytes a formula gives.
  static func colour(width: Int, height: Int, _ byte: (_ x: Int, _ y: Int, _ channel: Int) -> Int) -> [UInt8] {
    file(width: width, height: height, kind: .colour, rows: pixels(width, height, byte))
  }

  /// The bytes that a formula gives.
  static func pixels(_ width: Int, _ height: Int, _ byte: (_ x: Int, _ y: Int, _ channel: Int) -> Int) -> [UInt8] {
    (0..<height).flatMap { y in (0..<width).flatMap { x in (0..<3).map { UInt8(byte(x, y, $0) & 255) } } }
  }

  private static func word(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(number >> (24 - 8 * $0) & 255) } }

  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    let body = Array(name.utf8) + data
    let check = unsafe crc32(0, body, UInt32(body.count))
    return word(data.count) + body + word(Int(check))
  }

  private static func deflated(_ bytes: [UInt8]) -> [UInt8] {
    var length = compressBound(UInt(bytes.count))
    var target = [UInt8](repeating: 0, count: Int(length))
    _ = unsafe compress(&target, &length, bytes, UInt(bytes.count))
    return Array(target.prefix(Int(length)))
  }
}
