import Datasets
import Testing

@Suite("tar archives")
struct TarTests {
  private static let longClass = String(repeating: "long", count: 30)

  private func picture(_ seed: Int) -> [UInt8] {
    TestPNG.colour(width: 5, height: 4) { $0 * 3 + $1 * 5 + $2 + seed }
  }

  private func pixels(_ seed: Int) -> [UInt8] { TestPNG.pixels(5, 4) { $0 * 3 + $1 * 5 + $2 + seed } }

  /// An archive with every way to write a name, below `top`.
  private func archive(top: String = "") -> TestTar {
    var tar = TestTar()
    tar.add("pax_global_header", Array("19 comment=nothing\n".utf8), kind: "g")
    if !top.isEmpty { tar.add(top, kind: "5") }
    tar.add(top + "train/", kind: "5")
    tar.add(top + "train/a/1.png", picture(1))
    tar.addLong(top + "train/\(Self.longClass)/2.png", picture(2))
    tar.addPax(top + "train/\(Self.longClass)/3.png", picture(3))
    tar.add("4.png", picture(4), prefix: top + "test/a")
    tar.add(top + "test/\(Self.longClass.prefix(40))", Array("not an image".utf8))
    tar.addPax(top + "test/\(Self.longClass)/5.png", picture(5))
    return tar
  }

  private func open(_ bytes: [UInt8], holdOut: Int? = nil) throws -> Dataset {
    var data: Dataset?
    try withTemporaryFolder { folder in
      try folder.write(bytes, to: "data.tar")
      // The archive stays open, so it can be read after its folder is gone.
      data = try DatasetCatalog.open(DatasetRequest(format: .tar, path: folder.path + "/data.tar", holdOut: holdOut))
    }
    return try #require(data)
  }

  private func message(_ bytes: [UInt8]) -> String {
    do {
      let data = try open(bytes)
      return (DatasetVerifier.verify(data.train) { _ in } + DatasetVerifier.verify(data.test) { _ in }).joined()
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: ["", "./", "set/"])
  func `ustar, GNU and pax names are read in place, with or without a common folder`(top: String) throws {
    let data = try open(archive(top: top).file)
    #expect(data.train.classNames == ["a", Self.longClass])
    #expect((0..<3).map(data.train.name(of:)).map { $0.suffix(5) } == ["1.png", "2.png", "3.png"])
    for index in 0..<3 { #expect(try sample(index, of: data.train).pixels == pixels(index + 1)) }
    #expect(try sample(1, of: data.test).pixels == pixels(5))
    #expect(data.train.label(of: 2) == 1)
  }

  @Test
  func `the last of several members with one name counts`() throws {
    var tar = archive()
    tar.add("train/a/1.png", picture(9))
    #expect(try sample(0, of: open(tar.file).train).pixels == pixels(9))
  }

  @Test
  func `a base-256 size is read`() throws {
    var tar = archive()
    let image = picture(6)
    tar.add("train/a/6.png", image, size: [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, UInt8(image.count)])
    #expect(try open(tar.file).train.count == 4)
  }

  @Test
  func `an archive that ends too early is refused wherever it ends`() {
    let bytes = archive().bytes
    for length in stride(from: 0, to: bytes.count, by: 37) {
      #expect(message(Array(bytes.prefix(length))).contains("truncated"), "length \(length)")
    }
    #expect(message(bytes).contains("truncated at byte \(bytes.count): the archive has no end mark"))
  }

  @Test
  func `a changed byte in a header is found by its checksum`() {
    let file = archive().file
    for place in stride(from: 0, to: 512, by: 3) {
      var damaged = file
      damaged[1024 + place] ^= 0x15
      #expect(!message(damaged).isEmpty, "byte \(place)")
    }
    var damaged = file
    damaged[1024] ^= 1
    #expect(message(damaged).contains("the header at byte 1024 is damaged"))
  }

  @Test
  func `hostile sizes are refused`() {
    let sizes: [[UInt8]] = [
      [0xFF] + [UInt8](repeating: 0xFF, count: 11), [0x80] + [UInt8](repeating: 0x7F, count: 11),
      Array("77777777777\0".utf8), Array("-0000000001\0".utf8), Array("9999999\0".utf8),
      [0x80, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF],
    ]
    for size in sizes {
      var tar = TestTar()
      tar.add("train/a/1.png", [1, 2, 3], size: size)
      #expect(message(tar.file).contains("data.tar: "))
      tar = TestTar()
      tar.add("train/a/1.png", [1, 2, 3], kind: "L", size: size)
      #expect(message(tar.file).contains("data.tar: "))
    }
    for record in [
      "99 path=x\n", "0 path=x\n", "x path=x\n", "10 size=-1\n", "30 size=99999999999999999999\n", "9 path=x",
    ] {
      var tar = TestTar()
      tar.add("x", Array(record.utf8), kind: "x")
      tar.add("train/a/1.png", picture(1))
      #expect(message(tar.file).contains("extended header at byte 512 is damaged"), "\(record)")
    }
  }

  @Test
  func `links, compression and data behind the end are refused with the remedy`() {
    var tar = archive()
    tar.add("train/a/link.png", kind: "2")
    #expect(message(tar.file).contains("train/a/link.png is a link"))
    #expect(message(TestFiles.gzipped(archive().file)).contains("gunzip"))
    #expect(message(archive().file + archive().file).contains("behind its end mark"))
    #expect(message([UInt8](repeating: 65, count: 4096)).contains("no tar archive"))
  }

  @Test
  func `a damaged image is named with its place in the archive`() {
    var tar = archive()
    let place = tar.bytes.count + 512
    tar.add("train/a/7.png", [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, 1])
    #expect(message(tar.file).contains("data.tar: train/a/7.png (at byte \(place)): damaged PNG image"))
  }
}
