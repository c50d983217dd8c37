import Datasets
import Foundation
import Network
import Testing

/// The codecs through the door that the program uses: an image folder of one image.
@Suite("JPEG and PNG")
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

  @Test("baseline and progressive colour and grey JPEG have the reference's pixels")
  func jpeg() throws {
    #expect(try read(TestJPEG.colour, channels: 3) == TestJPEG.colourPixels)
    #expect(try read(TestJPEG.progressive, channels: 3) == TestJPEG.colourPixels)
    #expect(try read(TestJPEG.grey, channels: 1) == TestJPEG.greyPixels)
    #expect(try read(TestJPEG.grey, channels: 3) == TestJPEG.greyPixels.flatMap { [$0, $0, $0] })
    #expect(message(TestJPEG.cmyk).contains("CMYK"))
  }

  @Test("every kind of PNG becomes 8-bit colour")
  func png() throws {
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

  @Test("colour becomes grey by the luma of BT.601, as in Pillow")
  func grey() throws {
    let file = TestPNG.file(width: 3, height: 2, kind: .colour, rows: (0..<18).map { UInt8($0 * 14) })
    #expect(try read(file, channels: 1) == [11, 53, 95, 137, 179, 221])
  }

  @Test("an image that ends too early is refused wherever it ends")
  func truncation() {
    let png = TestPNG.colour(width: 9, height: 5) { $0 * 17 + $1 * 31 + $2 * 7 }
    for image in [TestJPEG.colour, TestJPEG.progressive, TestJPEG.grey, png] {
      for length in 0..<image.count { #expect(message(Array(image.prefix(length))) != "no error", "length \(length)") }
    }
    #expect(message(Array(TestJPEG.colour.dropLast(20))).contains("damaged JPEG image, at byte"))
    #expect(message(Array(png.dropLast(20))).contains("damaged PNG image, at byte"))
    #expect(message([]).contains("is empty"))
  }

  @Test("a changed byte anywhere never crashes; PNG's checksums find each one in the pixels")
  func changedBytes() {
    for place in 2..<TestJPEG.colour.count {
      var image = TestJPEG.colour
      image[place] ^= 0x41
      _ = message(image)
    }
    let png = TestPNG.colour(width: 9, height: 5) { $0 * 17 + $1 * 31 + $2 * 7 }
    for place in png.indices {
      var image = png
      image[place] ^= 0x41
      #expect(message(image) != "no error" || place >= png.count - 12, "byte \(place)")
    }
  }

  @Test("sizes beyond the limits are refused before memory is taken")
  func limits() {
    let wide = TestPNG.file(width: 20_000, height: 1, kind: .grey, rows: [UInt8](repeating: 0, count: 20_000))
    #expect(message(wide).contains("damaged PNG"))
    let large = TestPNG.file(width: 16_000, height: 16_000, kind: .grey, rows: [UInt8](repeating: 0, count: 16_000))
    #expect(message(large).contains("above the limit"))
    var jpeg = TestJPEG.grey
    if let frame = jpeg.indices.first(where: { jpeg[$0] == 0xFF && jpeg[$0 + 1] == 0xC0 }) {
      jpeg.replaceSubrange(frame + 5..<frame + 9, with: [0xFF, 0x00, 0xFF, 0x00])
    }
    #expect(message(jpeg).contains("above the limit of 16384"))
  }
}
