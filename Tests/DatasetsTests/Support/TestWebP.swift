import Foundation

/// Small WebP images (8 × 6) that libwebp wrote, and the pixels that another program (Pillow 13) decodes them to.
enum TestWebP {
  static let lossy = decoded(
    "UklGRkYAAABXRUJQVlA4IDoAAADQAQCdASoIAAYAAgA0JbACdAD0rsa2AAD++WQo4ZyUbsE/5REvaSq2wZd/3o5v/06vpDh/3/4sQAAA")

  /// What `lossy` shows.
  static let lossyPixels = decoded(
    """
    BQAGFwITNwcjUwYwdgNAkwNPswdhxAxsDB0ZICImPic4XSZGfSNUnCJiuid0zS2BEE81IVRAQFhQXlhfgFZvnVR9vFmPz1+bDHZEHXtOPoBhWn9ufXx/
    mXuMuoCfy4WqDZ1UJKVhPqdvXaaAgqeSoKWfv6yy0LC9FbdgJ71tQ757Yb6Kh76eo72rxMO81cjI
    """)

  /// Without loss; shows `pixels`.
  static let lossless = decoded("UklGRioAAABXRUJQVlA4TB4AAAAvB0ABALmM6H/sIqL/ASEB4Y7/FyUL5mMiYgKAWzc=")

  /// The same under an alpha channel.
  static let alpha = decoded("UklGRjYAAABXRUJQVlA4TCoAAAAvB0ABELkyRPQ/dhHR/4CCtm2Y0Cl/im9jMB8ToSBtAxa2OxMAMl4C938=")

  /// Two pictures, one after the other.
  static let animated = decoded(
    """
    UklGRggBAABXRUJQVlA4WAoAAAACAAAABwAABQAAQU5JTQYAAAAAAAAAAABBTk1GagAAAAAAAAAAAAcAAAUAAAAAAAJWUDhMUQAAAC8HQAEAf0GYbTSd
    vs9f8AjmQyCQrJC/ynDz34UUAAB2vwMwDACwaHI2sm0X0f8AzERFt1yQ27js1xsJl1TD9mDp03rcX6KCrJmOj+owb+fzBwBBTk1GagAAAAAAAAAAAAcA
    AAUAAAAAAABWUDhMUQAAAC8HQAEAf0GYbTSdvs9f8AjmQyCQrJC/ynDz34UUAAB2vwMwDACwaHI2sm0X0f/4z7nNQ02/Y2qyQJF3H+vUS/xsQ5U4ge61
    L2PL4bV0RWQYAAA=
    """)

  /// What `lossless` and `alpha` show.
  static let pixels = TestPNG.pixels(8, 6) { x, y, channel in [x * 31, y * 41, (x + y) * 17][channel] }

  /// `lossless` with EXIF data behind its picture.
  static func lossless(exif: [UInt8]) -> [UInt8] {
    let picture = Array(lossless.dropFirst(12))
    // A flag for EXIF data, and the sides less 1 in 24 bits.
    let head: [UInt8] = [0x08, 0, 0, 0, 7, 0, 0, 5, 0, 0]
    let body = Array("WEBP".utf8) + chunk("VP8X", head) + picture + chunk("EXIF", exif)
    return Array("RIFF".utf8) + littleEndian(body.count) + body
  }

  private static func chunk(_ name: String, _ data: [UInt8]) -> [UInt8] {
    Array(name.utf8) + littleEndian(data.count) + data + (data.count % 2 == 0 ? [] : [0])
  }

  private static func littleEndian(_ number: Int) -> [UInt8] {
    (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  private static func decoded(_ text: String) -> [UInt8] {
    Array(Data(base64Encoded: text, options: .ignoreUnknownCharacters) ?? Data())
  }
}
