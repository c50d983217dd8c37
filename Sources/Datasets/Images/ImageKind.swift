/// What an image file is, by its first bytes; its name may say something else.
enum ImageKind {
  case jpeg
  case png
  case webp
  /// A kind that is not read, by its name.
  case other(String)

  /// The kind of a file; nil if its bytes tell of none.
  init?(of bytes: [UInt8]) {
    if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
      self = .jpeg
    } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
      self = .png
    } else if bytes.starts(with: "RIFF".utf8), bytes.dropFirst(8).starts(with: "WEBP".utf8) {
      self = .webp
    } else if let name = Self.nameOfOther(bytes) {
      self = .other(name)
    } else {
      return nil
    }
  }

  /// Sources: the formats' specifications; for brands of ISO media files, ISO/IEC 23008-12 and the AVIF specification.
  private static func nameOfOther(_ bytes: [UInt8]) -> String? {
    let starts: [(start: [UInt8], name: String)] = [
      (Array("GIF8".utf8), "a GIF image"), (Array("BM".utf8), "a BMP image"),
      ([0x49, 0x49, 0x2A, 0x00], "a TIFF image"), ([0x4D, 0x4D, 0x00, 0x2A], "a TIFF image"),
      ([0x49, 0x49, 0x2B, 0x00], "a TIFF image"), ([0x4D, 0x4D, 0x00, 0x2B], "a TIFF image"),
      ([0xFF, 0x0A], "a JPEG XL image"), ([0x00, 0x00, 0x00, 0x0C, 0x4A, 0x58, 0x4C, 0x20], "a JPEG XL image"),
      ([0xFF, 0x4F, 0xFF, 0x51], "a JPEG 2000 image"),
      ([0x00, 0x00, 0x00, 0x0C, 0x6A, 0x50, 0x20, 0x20], "a JPEG 2000 image"),
      ([0x00, 0x00, 0x01, 0x00], "an icon (ICO)"), (Array("8BPS".utf8), "a Photoshop file"),
      (Array("%PDF".utf8), "a PDF document"), (Array("<svg".utf8), "an SVG drawing"),
      (Array("<!DOCTYPE html".utf8), "a web page"), (Array("<!doctype html".utf8), "a web page"),
      (Array("<html".utf8), "a web page"), (Array("<?xml".utf8), "an XML document, perhaps an SVG drawing"),
      ([0x1F, 0x8B], "gzipped"), (Array("PK\u{3}\u{4}".utf8), "a zip archive"),
      (Array("version https://git-lfs".utf8), "a pointer of Git LFS instead of the file (use git lfs pull)"),
    ]
    if let found = starts.first(where: { bytes.starts(with: $0.start) }) { return found.name }
    if bytes.dropFirst(4).starts(with: "ftyp".utf8) {
      let brand = String(decoding: bytes.dropFirst(8).prefix(4), as: UTF8.self)
      return brand.hasPrefix("avi") ? "an AVIF image" : "an HEIF image (HEIC) or a film"
    }
    return nil
  }
}
