/// Finds what the three image formats say about the picture's orientation: EXIF data, or else XMP data. It reads no
/// pixels, and believes no length.
enum ImageMetadata {
  /// The words before EXIF data in a JPEG file.
  static let exifMark = Array("Exif\0\0".utf8)
  private static let xmpMark = Array("http://ns.adobe.com/xap/1.0/\0".utf8)

  /// The orientation of an encoded image; upright where nothing or nothing sensible is said.
  static func orientation(of bytes: [UInt8]) -> Orientation {
    let found: (exif: [UInt8], xmp: ArraySlice<UInt8>)
    switch ImageKind(of: bytes) {
    case .jpeg: found = jpeg(bytes)
    case .png: found = png(bytes)
    case .webp: found = webp(bytes)
    case .other, nil: return .upright
    }
    let value = ExifReader(found.exif[...])?.orientation ?? orientation(inXMP: found.xmp)
    return value.flatMap(Orientation.init) ?? .upright
  }

  /// Source: ITU-T T.81, annex B; CIPA DC-008, section 4.7; Adobe, "XMP Specification", part 3.
  private static func jpeg(_ bytes: [UInt8]) -> (exif: [UInt8], xmp: ArraySlice<UInt8>) {
    var exif: [UInt8] = []
    var xmp: ArraySlice<UInt8> = []
    var place = 2
    while place + 4 <= bytes.count {
      guard bytes[place] == 0xFF else {
        place += 1
        continue
      }
      let marker = bytes[place + 1]
      // A picture's data begin or end.
      if marker == 0xDA || marker == 0xD9 { break }
      // Fill bytes, and markers that stand alone.
      if marker == 0xFF || marker == 0 || marker == 1 || (0xD0...0xD8).contains(marker) {
        place += marker == 0xFF ? 1 : 2
        continue
      }
      let length = Int(bytes[place + 2]) << 8 | Int(bytes[place + 3])
      guard length >= 2, place + 2 + length <= bytes.count else { break }
      let segment = bytes[place + 4..<place + 2 + length]
      if marker == 0xE1, segment.starts(with: exifMark) {
        // Data of more than 64 KiB go on in the next segment.
        exif += exif.isEmpty ? segment : segment.dropFirst(exifMark.count)
      } else if marker == 0xE1, segment.starts(with: xmpMark) {
        xmp = segment.dropFirst(xmpMark.count)
      }
      place += 2 + length
    }
    return (exif, xmp)
  }

  /// Source: W3C, "Portable Network Graphics (PNG) Specification", third edition, sections 5 and 11.3.
  private static func png(_ bytes: [UInt8]) -> (exif: [UInt8], xmp: ArraySlice<UInt8>) {
    var exif: [UInt8] = []
    var xmp: ArraySlice<UInt8> = []
    var place = 8
    while place + 12 <= bytes.count {
      let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - place - 12 else { break }
      let data = bytes[place + 8..<place + 8 + length]
      switch bytes[place + 4..<place + 8] {
      case let kind where kind.elementsEqual("eXIf".utf8): exif = Array(data)
      case let kind where kind.elementsEqual("iTXt".utf8) && data.starts(with: "XML:com.adobe.xmp\0".utf8): xmp = data
      default: break
      }
      place += 12 + length
    }
    return (exif, xmp)
  }

  /// Source: RFC 9649, section 2.
  private static func webp(_ bytes: [UInt8]) -> (exif: [UInt8], xmp: ArraySlice<UInt8>) {
    var exif: [UInt8] = []
    var xmp: ArraySlice<UInt8> = []
    var place = 12
    while place + 8 <= bytes.count {
      let length = bytes[place + 4..<place + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - place - 8 else { break }
      let data = bytes[place + 8..<place + 8 + length]
      if bytes[place..<place + 4].elementsEqual("EXIF".utf8) { exif = Array(data) }
      if bytes[place..<place + 4].elementsEqual("XMP ".utf8) { xmp = data }
      place += 8 + length + length % 2
    }
    return (exif, xmp)
  }

  /// Both spellings of XMP: an attribute (`tiff:Orientation="6"`) and an element (`<tiff:Orientation>6<`).
  private static func orientation(inXMP text: ArraySlice<UInt8>) -> Int? {
    let key = Array("tiff:Orientation".utf8)
    var rest = text
    while let start = rest.firstIndex(of: key[0]) {
      rest = rest[start...]
      if rest.starts(with: key) {
        let value = rest.dropFirst(key.count)
        let opening = [Array("=\"".utf8), Array(">".utf8)].first { value.starts(with: $0) }
        if let opening, let digit = value.dropFirst(opening.count).first, (0x30...0x39).contains(digit) {
          return Int(digit) - 0x30
        }
      }
      rest = rest.dropFirst()
    }
    return nil
  }
}
