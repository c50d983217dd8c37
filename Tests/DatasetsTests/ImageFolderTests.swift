import Datasets
import Foundation
import Operators
import Testing

@Suite("image folders")
struct ImageFolderTests {
  private func request(_ folder: TemporaryFolder, size: Extent? = nil, channels: Int? = nil) -> DatasetRequest {
    DatasetRequest(format: .imageFolder, path: folder.path, size: size, channels: channels)
  }

  private func picture(_ seed: Int, width: Int = 8, height: Int = 6) -> [UInt8] {
    TestPNG.colour(width: width, height: height) { $0 * 3 + $1 * 5 + $2 + seed }
  }

  /// Two classes in both splits; three images of b, one of a.
  private func write(_ folder: TemporaryFolder, test: String = "test") throws {
    for split in ["train", test] {
      try folder.write(picture(0), to: "\(split)/b/10.png")
      try folder.write(picture(1), to: "\(split)/b/9.PNG")
      try folder.write(TestJPEG.colour, to: "\(split)/b/c.jpeg")
      try folder.write(picture(3), to: "\(split)/a/z.png")
      try folder.write([1, 2], to: "\(split)/a/notes.txt")
      try folder.write([1, 2], to: "\(split)/a/.hidden.png")
    }
  }

  @Test(arguments: ["test", "val", "valid"])
  func `classes and files are in the order of their names`(test: String) throws {
    try withTemporaryFolder { folder in
      try write(folder, test: test)
      let data = try DatasetCatalog.open(request(folder))
      #expect(data.train.classNames == ["a", "b"])
      let names = (0..<data.train.count).map(data.train.name(of:))
      #expect(names == ["train/a/z.png", "train/b/10.png", "train/b/9.PNG", "train/b/c.jpeg"])
      #expect(try sample(0, of: data.train).label == 0)
      let jpeg = try sample(3, of: data.test)
      #expect(jpeg.label == 1 && jpeg.pixels == TestJPEG.colourPixels)
      #expect(try sample(2, of: data.train).pixels == TestPNG.pixels(8, 6) { $0 * 3 + $1 * 5 + $2 + 1 })
      let (train, test) = (try data.train.content { _ in }, try data.test.content { _ in })
      #expect(train != test)
    }
  }

  @Test
  func `without train and test, classes are at the top and a test split is held out`() throws {
    try withTemporaryFolder { folder in
      for index in 0..<4 { try folder.write(picture(index), to: "\(index % 2)/\(index).png") }
      expectRefusal(request(folder), "no folder test", "data.hold-out")
      var request = request(folder)
      request.holdOut = 1
      let data = try DatasetCatalog.open(request)
      #expect(data.train.count == 3 && data.test.count == 1)
    }
  }

  @Test
  func `a wrong layout is named with its remedy`() throws {
    try withTemporaryFolder { folder in
      expectRefusal(request(folder), "holds no folders")
      try write(folder)
      try folder.makeFolder("train/empty")
      expectRefusal(request(folder), "train/empty: the class has no JPEG, PNG or WebP image")
      try folder.write(picture(5), to: "train/empty/x.png")
      expectRefusal(request(folder), "its classes differ", "empty")
      try folder.write(picture(5), to: "test/empty/x.png")
      try folder.write(picture(5), to: "test/stray.png")
      expectRefusal(request(folder), "test/stray.png: lies in no class folder")
      expectRefusal(DatasetRequest(format: .imageFolder, path: folder.path + "/none"), "is not a folder")
    }
    try withTemporaryFolder { folder in
      try folder.write(picture(0), to: "test/a/1.png")
      expectRefusal(request(folder), "a folder test but no folder train")
    }
  }

  @Test
  func `an image of another size is named with both sizes, and data.size mends it`() throws {
    try withTemporaryFolder { folder in
      try write(folder)
      try folder.write(picture(1, width: 9, height: 7), to: "train/b/10.png")
      let data = try DatasetCatalog.open(request(folder))
      expectError(["train/b/10.png: its size is 7×9, but the first image's is 6×8", "data.size"]) {
        () throws(DatasetError) in _ = try sample(1, of: data.train)
      }
      let resized = try DatasetCatalog.open(request(folder, size: Extent(5)))
      #expect(DatasetVerifier.verify(resized.train) { _ in }.isEmpty)
      #expect(resized.train.shape == Shape(channels: 3, height: 5, width: 5))
    }
  }

  @Test
  func `a file that is no image is named; with skip it is left out`() throws {
    try withTemporaryFolder { folder in
      try write(folder)
      try folder.write(Array("GIF89a".utf8), to: "train/b/10.png")
      let data = try DatasetCatalog.open(request(folder))
      let damages = DatasetVerifier.verify(data.train) { _ in }
      #expect(damages.count == 1)
      #expect(
        damages.first?.hasPrefix("train/b/10.png: is a GIF image, and no JPEG, PNG or WebP image") == true)
      var skipping = request(folder)
      skipping.onDamage = .skip
      let rest = try DatasetCatalog.open(skipping)
      #expect(rest.train.count == 3)
      #expect(rest.notes.contains { $0.contains("1 of 4 training samples") && $0.contains("train/b/10.png") })
      #expect((0..<3).map(rest.train.name(of:)) == ["train/a/z.png", "train/b/9.PNG", "train/b/c.jpeg"])
    }
  }

  @Test
  func `a set that is mostly damaged is refused even with skip`() throws {
    try withTemporaryFolder { folder in
      try write(folder)
      for name in ["10.png", "9.PNG", "c.jpeg"] { try folder.write([1], to: "train/b/\(name)") }
      var skipping = request(folder)
      skipping.onDamage = .skip
      expectRefusal(skipping, "3 of 4 training samples are damaged")
    }
  }

  /// Pillow 13 filters tall images vertically first, its predecessors and this program never do; the rounding between
  /// the passes then differs by one.
  @Test(arguments: Resizing.all)
  func `resizing and cropping gives the pixels that Pillow gives`(_ example: Resizing) throws {
    try withTemporaryFolder { folder in
      let (width, height) = (example.source.width, example.source.height)
      let image = TestPNG.colour(width: width, height: height) { $0 * 37 + $1 * 101 + $2 * 59 + $0 * $1 * 13 }
      try folder.write(image, to: "train/a/x.png")
      try folder.write(image, to: "test/a/x.png")
      let data = try DatasetCatalog.open(request(folder, size: example.target))
      let expected = try #require(Data(base64Encoded: example.pixels, options: .ignoreUnknownCharacters))
      let pixels = try sample(0, of: data.train).pixels
      #expect(pixels.count == expected.count)
      let differences = zip(pixels, expected).map { abs(Int($0) - Int($1)) }
      #expect(differences.allSatisfy { $0 <= example.tolerance })
    }
  }

  /// An image made by a formula and what Pillow 13 makes of it: `resize` (bilinear) to cover, then `crop`.
  struct Resizing: Sendable, CustomTestStringConvertible {
    let source: Extent
    let target: Extent
    var tolerance = 0
    let pixels: String

    var testDescription: String { "\(source) to \(target)" }

    static let all = [
      Resizing(
        source: Extent(height: 17, width: 23), target: Extent(8),
        pixels: """
          jHWNgZNmeoB2ZJaYr6VMW2ygkKSSiIx2e2uNfoF7g5V0YX6Qjat6eoWRl4COgXWbgX5nkIxydph/i3t7e7F4gHtud4mHinN7g5p4fZx+e52D
          h513hbd3g5x3dZyFgpl7lX57in5tfIuFgoVuhWSAkIF7enKHlohxkJCDgnx7iIl7bIWagFGHbXiOgn5nh4l6iJFnj3uDf6uCa2eWsVhXYJSk
          al9zenB5apJrWXmQXmSZsDRvxl5Bl9JncaN5aH+T
          """),
      Resizing(
        source: Extent(height: 31, width: 9), target: Extent(height: 7, width: 6), tolerance: 1,
        pixels: """
          moRIeaZvpXN1hINTi31+apuscJCQdKJ/j4ySjHJ4coVwk3SEg4yLl5t8nZpbdIqij319j8pCmXWwfZJ/eodZpmBxjqaJYp21inOMd5d5ZJ9m
          T4qHPHePgE58c65ie7Zqg75yjMd7lM+Dq4JPb4+UeaRfoFuGaW+SUXSrWpWl
          """),
      Resizing(
        source: Extent(height: 4, width: 5), target: Extent(height: 9, width: 11),
        pixels: """
          ADt2B0J9GFOOKGOeOXSvSoXAW5bRbKfifLeVjcgylM8KEUyHGFOHKmWFO3KHTXGYX2+qcYG8g5POhaSSg7ZDg74kPnm0RoGgW5Ztb5tIg2lc
          mDZxrEuGwF+anHOKaYhyVZBoa5fScaCwgrhZlLgYqmIvwgtG2SJd7zl0r0uGWFyXNmKdmFOOi12BandgVoVMb2RliUR/o16ZvHeyp2Kdh0J9
          ejVwxA5JpBlRUjVnF1F/M2aaT3y3bJnUiLTvn3m0tSdivQdCjixnfjhzVVeSPG6pWl+aeVGMa3CrXI/Kc3WwkkyHnjx3SVmUT2eiXIjDb5fS
          kFeSshhTcjp1M1uWQm2oY3u2cIC7L2qlPXizX5rVgqbhpFSPxwI9dSVgI0eCL2qlUYzHX5rV
          """),
    ]
  }
}
