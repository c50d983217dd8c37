import Datasets
import Operators
import Randomness
import Testing

/// EXIF's orientation, through the door that the program uses: an image folder of one image.
@Suite struct OrientationTests {
  /// EXIF data with one entry.
  private func exif(
    _ value: UInt8, bigEndian: Bool, kind: UInt8 = 3, tag: [UInt8] = [0x01, 0x12], offset: [UInt8] = [0, 0, 0, 8]
  ) -> [UInt8] {
    let order = { (bytes: [UInt8]) in bigEndian ? bytes : bytes.reversed() }
    let number = kind == 3 ? order([0, value]) + [0, 0] : kind == 4 ? order([0, 0, 0, value]) : [value, 0, 0, 0]
    return Array((bigEndian ? "MM" : "II").utf8) + order([0, 42]) + order(offset) + order([0, 1]) + order(tag)
      + order([0, kind]) + order([0, 0, 0, 1]) + number + [0, 0, 0, 0]
  }

  private func read(_ file: [UInt8], policy: OrientationPolicy = .apply) throws -> (shape: Shape, pixels: [UInt8]) {
    var found: (Shape, [UInt8])?
    try withTemporaryFolder { folder in
      try folder.write(file, to: "train/a/x.png")
      try folder.write(file, to: "test/a/x.png")
      let data = try DatasetCatalog.open(
        DatasetRequest(format: .imageFolder, path: folder.path, orientation: policy))
      found = (data.train.shape, try sample(0, of: data.train).pixels)
    }
    return try #require(found)
  }

  /// The picture of a given width turned as a value of the tag says, pixel by pixel, by the words of the standard:
  /// where the first row and the first column of what is stored come to lie.
  private func turned(_ pixels: [UInt8], width: Int, height: Int, _ value: Int) -> [UInt8] {
    let (tall, wide) = value >= 5 ? (width, height) : (height, width)
    var result = [UInt8](repeating: 0, count: pixels.count)
    for y in 0..<height {
      for x in 0..<width {
        let place: (row: Int, column: Int) =
          switch value {
          case 2: (y, wide - 1 - x)
          case 3: (tall - 1 - y, wide - 1 - x)
          case 4: (tall - 1 - y, x)
          case 5: (x, y)
          case 6: (x, wide - 1 - y)
          case 7: (tall - 1 - x, wide - 1 - y)
          case 8: (tall - 1 - x, y)
          default: (y, x)
          }
        for c in 0..<3 { result[(place.row * wide + place.column) * 3 + c] = pixels[(y * width + x) * 3 + c] }
      }
    }
    return result
  }

  @Test(arguments: 0...9) func `pictures of all formats are turned upright, unless that is not wanted`(
    value: Int
  ) throws {
    let shape = Shape(channels: 3, height: (5...8).contains(value) ? 8 : 6, width: (5...8).contains(value) ? 6 : 8)
    let known = (1...8).contains(value) ? value : 1
    for bigEndian in [true, false] {
      for kind in value == 6 ? [1, 3, 4] : [3] as [UInt8] {
        let data = exif(UInt8(value), bigEndian: bigEndian, kind: kind)
        let rows = TestPNG.pixels(8, 6) { $0 * 31 + $1 * 5 + $2 * 7 }
        let files = [
          (TestJPEG.colour(marker: 0xE1, Array("Exif\0\0".utf8) + data), TestJPEG.colourPixels),
          (TestPNG.file(width: 8, height: 6, kind: .colour, rows: rows, exif: data), rows),
          (TestWebP.lossless(exif: data), TestWebP.pixels),
          (TestWebP.lossless(exif: Array("Exif\0\0".utf8) + data), TestWebP.pixels),
        ]
        for (file, plain) in files {
          let found = try read(file)
          #expect(found.shape == shape && found.pixels == turned(plain, width: 8, height: 6, known))
          #expect(try read(file, policy: .ignore) == (Shape(channels: 3, height: 6, width: 8), plain))
        }
      }
    }
  }

  @Test func `XMP tells the orientation where EXIF does not`() throws {
    let mark = Array("http://ns.adobe.com/xap/1.0/\0".utf8)
    for text in ["<x tiff:Orientation=\"6\"/>", "<tiff:Orientation>6</tiff:Orientation>"] {
      let found = try read(TestJPEG.colour(marker: 0xE1, mark + Array(text.utf8)))
      #expect(found.pixels == turned(TestJPEG.colourPixels, width: 8, height: 6, 6))
    }
    #expect(
      try read(TestJPEG.colour(marker: 0xE1, mark + Array("tiff:Orientation".utf8))).pixels == TestJPEG.colourPixels)
  }

  @Test func `EXIF data of any bytes never crash, and what tells nothing leaves the picture as it is`() throws {
    let whole = exif(6, bigEndian: true)
    for length in 0..<20 {
      let file = TestJPEG.colour(marker: 0xE1, Array("Exif\0\0".utf8) + whole.prefix(length))
      #expect(try read(file).pixels == TestJPEG.colourPixels, "length \(length)")
    }
    let far = exif(6, bigEndian: false, offset: [0xFF, 0xFF, 0xFF, 0xFF])
    #expect(try read(TestJPEG.colour(marker: 0xE1, Array("Exif\0\0".utf8) + far)).pixels == TestJPEG.colourPixels)
    var random = RandomStream(seed: 7, purpose: .testing)
    for _ in 0..<50 {
      var bytes = whole
      for _ in 0..<3 { bytes[random.integer(below: bytes.count)] = UInt8(random.integer(below: 256)) }
      _ = try read(TestJPEG.colour(marker: 0xE1, Array("Exif\0\0".utf8) + bytes))
      _ = try read(TestWebP.lossless(exif: bytes))
    }
  }
}
