import Datasets
import Foundation
import Testing

/// The codecs through the door that the program uses: an image folder of one image.
@Suite("JPEG, PNG and WebP")
struct ImageCodecTests {
  private func read(_ file: [UInt8], channels: Int) throws -> [UInt8] {
    var pixels: [UInt8] = []
    try withTemporaryFolder { folder in
      try folder.write(file, to: "train/a/x.png")
      try folder.write(file, to: "test/a/x.png")
      let request = DatasetRequest(format: .imageFolder, path: folder.path, channels: channels)
      pixels = try sample(0, of: DatasetCatalog.open(request).train).pixels
    }
    return pixels
  }

  private func message(_ file: [UInt8]) -> String {
    do {
      _ = try read(file, channels: 3)
      return "no error"
    } catch {
      return "\(error)"
    }
  }

  @Test
  func `baseline and progressive colour and grey JPEG have the reference's pixels`() throws {
    #expect(try read(TestJPEG.colour, channels: 3) == TestJPEG.colourPixels)
    #expect(try read(TestJPEG.progressive, channels: 3) == TestJPEG.colourPixels)
    #expect(try read(TestJPEG.grey, channels: 1) == TestJPEG.greyPixels)
    #expect(try read(TestJPEG.grey, channels: 3) == TestJPEG.greyPixels.flatMap { [$0, $0, $0] })
  }

  @Test func `the inks of print become the colours that Pillow makes of them`() throws {
    #expect(try read(TestJPEG.cmyk, channels: 3) == TestJPEG.cmykPixels)
  }

  @Test func `lossy, lossless and alpha WebP have the reference's pixels, and an animation is refused for what it is`()
    throws
  {
    #expect(try read(TestWebP.lossy, channels: 3) == TestWebP.lossyPixels)
    #expect(try read(TestWebP.lossless, channels: 3) == TestWebP.pixels)
    #expect(try read(TestWebP.alpha, channels: 3) == TestWebP.pixels)
    #expect(try read(TestWebP.lossless, channels: 1).count == 48)
    #expect(message(TestWebP.animated).contains("a WebP image that cannot be used: it is animated"))
  }

  /// Damage is one thing, a kind that nobody promised to read is another.
  @Test func `what is sound but not read is called by its kind, and not damaged`() {
    let others: [(start: [UInt8], name: String)] = [
      (Array("GIF89a".utf8), "GIF"), (Array("BM..".utf8), "BMP"), ([0x49, 0x49, 0x2A, 0, 8, 0, 0, 0], "TIFF"),
      ([0, 0, 0, 24] + Array("ftypheic".utf8), "HEIC"), ([0, 0, 0, 24] + Array("ftypavif".utf8), "AVIF"),
      ([0xFF, 0x0A, 1, 2], "JPEG XL"), (Array("<svg xmlns".utf8), "SVG"), (Array("<!DOCTYPE html>".utf8), "web page"),
      (Array("version https://git-lfs.github.com".utf8), "Git LFS"),
      ([1, 2, 3, 4], "starts with the bytes 01 02 03 04"),
    ]
    for other in others {
      let message = message(other.start)
      #expect(message.contains(other.name) && message.contains("JPEG, PNG or WebP image"), "\(message)")
      #expect(!message.contains("damaged") && !message.contains("fetch"), "\(message)")
    }
    // A JPEG of 12 bits per sample: the precision stands behind the frame's marker and length.
    var deep = TestJPEG.grey
    if let frame = deep.indices.first(where: { deep[$0] == 0xFF && deep[$0 + 1] == 0xC0 }) { deep[frame + 4] = 12 }
    #expect(message(deep).contains("a JPEG image that cannot be used") && !message(deep).contains("damaged"))
  }

  @Test func `a file that ends too early is damaged at its end, wherever that is`() {
    let png = TestPNG.colour(width: 9, height: 5) { $0 * 17 + $1 * 31 + $2 * 7 }
    for (format, image) in [("JPEG", TestJPEG.colour), ("JPEG", TestJPEG.progressive), ("PNG", png)] {
      for length in stride(from: 20, to: image.count, by: 29) {
        let message = message(Array(image.prefix(length)))
        #expect(message.contains("damaged \(format) image, at byte \(length): the file ends too early"), "\(message)")
      }
    }
    #expect(message(Array(TestWebP.lossy.dropLast(9))).contains("damaged WebP image"))
  }

  @Test func `damage within a PNG file is placed in its chunk`() {
    let png = TestPNG.colour(width: 9, height: 5) { $0 * 17 + $1 * 31 + $2 * 7 }
    var damaged = png
    damaged[50] ^= 1
    #expect(message(damaged).contains("damaged PNG image, in the chunk at byte 33: "), "\(message(damaged))")
  }

  @Test
  func `every kind of PNG becomes 8-bit colour`() throws {
    let colour: [UInt8] = [1, 2, 3, 40, 50, 60, 7, 8, 9, 100, 110, 120]
    #expect(try read(TestPNG.file(width: 2, height: 2, kind: .colour, rows: colour), channels: 3) == colour)
    let alpha: [UInt8] = [1, 2, 3, 0, 40, 50, 60, 9, 7, 8, 9, 255, 100, 110, 120, 128]
    #expect(try read(TestPNG.file(width: 2, height: 2, kind: .colourAlpha, rows: alpha), channels: 3) == colour)
    let deep = colour.flatMap { [$0, $0] }
    #expect(
      try read(TestPNG.file(width: 2, height: 2, kind: .colour, depth: 16, rows: deep), channels: 3) == colour)
    let palette = TestPNG.file(
      width: 4, height: 1, kind: .palette, depth: 2, rows: [0b0001_1011], palette: colour)
    #expect(try read(palette, channels: 3) == colour)
    #expect(try read(TestPNG.file(width: 2, height: 1, kind: .greyAlpha, rows: [5, 0, 6, 1]), channels: 1) == [5, 6])
    let bits = TestPNG.file(width: 3, height: 1, kind: .grey, depth: 1, rows: [0b1010_0000])
    #expect(try read(bits, channels: 1) == [255, 0, 255])
  }

  @Test
  func `colour becomes grey by the luma of BT.601, as in Pillow`() throws {
    let file = TestPNG.file(width: 3, height: 2, kind: .colour, rows: (0..<18).map { UInt8($0 * 14) })
    #expect(try read(file, channels: 1) == [11, 53, 95, 137, 179, 221])
  }

  @Test
  func `an image that ends too early is refused wherever it ends`() {
    let png = TestPNG.colour(width: 9, height: 5) { $0 * 17 + $1 * 31 + $2 * 7 }
    for image in [TestJPEG.colour, TestJPEG.progressive, TestJPEG.grey, TestJPEG.cmyk, TestWebP.lossless, png] {
      for length in stride(from: 0, to: image.count, by: 4) {
        #expect(message(Array(image.prefix(length))) != "no error", "length \(length)")
      }
    }
    #expect(message(Array(TestJPEG.colour.dropLast(20))).contains("damaged JPEG image, at byte"))
    #expect(message(Array(png.dropLast(20))).contains("damaged PNG image, at byte"))
    #expect(message([]).contains("is empty"))
  }

  @Test
  func `a changed byte anywhere never crashes; PNG's checksums find each one in the pixels`() {
    // Five of a file's bytes in a row hold the same kind of thing, more or less.
    for whole in [TestJPEG.colour, TestJPEG.cmyk, TestWebP.lossy, TestWebP.lossless, TestWebP.animated] {
      for place in stride(from: 2, to: whole.count, by: 5) {
        var image = whole
        image[place] ^= 0x41
        _ = message(image)
      }
    }
    let png = TestPNG.colour(width: 9, height: 5) { $0 * 17 + $1 * 31 + $2 * 7 }
    for place in png.indices {
      var image = png
      image[place] ^= 0x41
      #expect(message(image) != "no error" || place >= png.count - 12, "byte \(place)")
    }
  }

  @Test
  func `sizes beyond the limits are refused before memory is taken`() {
    let wide = TestPNG.file(width: 20_000, height: 1, kind: .grey, rows: [UInt8](repeating: 0, count: 20_000))
    #expect(message(wide).contains("a size of 20000x1 is above the limit of 16384"))
    let large = TestPNG.file(width: 16_000, height: 16_000, kind: .grey, rows: [UInt8](repeating: 0, count: 16_000))
    #expect(message(large).contains("above the limit"))
    var jpeg = TestJPEG.grey
    if let frame = jpeg.indices.first(where: { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 }) {
      jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0x00, 0xFF, 0x00])
    }
    #expect(message(jpeg).contains("above the limit of 16384"))
  }
}
