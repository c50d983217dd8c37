/// Finds the orientation in EXIF data, which is a TIFF file without a picture. What cannot be made out counts as
/// upright.
///
/// Source: CIPA DC-008 (Exif 2.32), section 4.6; Adobe, "TIFF", revision 6.0, section 2.
struct ExifReader {
  private static let orientationTag = 0x0112
  private let bytes: ArraySlice<UInt8>
  private let isBigEndian: Bool

  /// EXIF data, with or without the words "Exif" before it; nil if it is no TIFF data.
  init?(_ data: ArraySlice<UInt8>) {
    var bytes = data
    for _ in 0..<2 where bytes.starts(with: ImageMetadata.exifMark) { bytes = bytes.dropFirst(6) }
    if bytes.starts(with: [0x4D, 0x4D, 0x00, 0x2A]) {
      isBigEndian = true
    } else if bytes.starts(with: [0x49, 0x49, 0x2A, 0x00]) {
      isBigEndian = false
    } else {
      return nil
    }
    self.bytes = bytes
  }

  /// The orientation in the first directory; nil if there is none. Of several entries the last counts.
  var orientation: Int? {
    guard let start = number(at: 4, length: 4), let entries = number(at: start, length: 2) else { return nil }
    var found: Int?
    for entry in 0..<entries {
      let place = start + 2 + 12 * entry
      guard let tag = number(at: place, length: 2) else { break }
      if tag == Self.orientationTag { found = value(ofEntry: place) ?? found }
    }
    return found
  }

  /// The first value of an entry; nil unless it is a whole number.
  private func value(ofEntry place: Int) -> Int? {
    let lengths = [1: 1, 3: 2, 4: 4]
    guard let kind = number(at: place + 2, length: 2), let length = lengths[kind],
      let count = number(at: place + 4, length: 4), count >= 1
    else { return nil }
    // Values that do not fit into the entry's last four bytes lie where those say.
    if count * length <= 4 { return number(at: place + 8, length: length) }
    return number(at: place + 8, length: 4).flatMap { number(at: $0, length: length) }
  }

  /// The number of `length` bytes (at most 4) at an offset; nil if the data ends before.
  private func number(at offset: Int, length: Int) -> Int? {
    guard offset <= bytes.count - length else { return nil }
    let start = bytes.startIndex + offset
    let digits = bytes[start..<start + length]
    return isBigEndian
      ? digits.reduce(0) { $0 << 8 | Int($1) } : digits.reversed().reduce(0) { $0 << 8 | Int($1) }
  }
}
