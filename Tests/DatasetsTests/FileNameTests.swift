import Datasets
import Foundation
import Operators
import Testing

/// Names are bytes: what looks equal is not, and what is no text is a name all the same.
@Suite struct FileNameTests {
  private static let composed = "caf\u{E9}"
  private static let decomposed = "cafe\u{301}"

  private func picture(_ seed: Int) -> [UInt8] {
    TestPNG.colour(width: 5, height: 4) { $0 * 3 + $1 * 5 + $2 + seed }
  }

  /// A path below a folder as the C library takes it: Foundation writes names in the form it likes, bytes are bytes.
  private func place(_ folder: TemporaryFolder, _ name: [UInt8]) -> [CChar] {
    (Array((folder.path + "/").utf8) + name).map { CChar(bitPattern: $0) } + [0]
  }

  /// Writes a file whose name is given in bytes, with the folders on the way to it.
  private func write(_ bytes: [UInt8], _ folder: TemporaryFolder, _ name: [UInt8]) throws {
    for end in name.indices where name[end] == UInt8(ascii: "/") {
      _ = unsafe mkdir(place(folder, Array(name[..<end])), 0o755)
    }
    let file = unsafe fopen(place(folder, name), "w")
    let open = try unsafe #require(file)
    unsafe fwrite(bytes, 1, bytes.count, open)
    unsafe fclose(open)
  }

  private func archive(_ names: [String]) -> [UInt8] {
    var tar = TestTar()
    for (index, name) in names.enumerated() { tar.add(name, picture(index)) }
    return tar.file
  }

  @Test func `two spellings of one accent are two images and two classes, in folders and archives`() throws {
    let names = [Self.composed, Self.decomposed].flatMap { name in
      ["train", "test"].flatMap { ["\($0)/\(name)/x.png", "\($0)/a/\(name).png"] }
    }
    try withTemporaryFolder { folder in
      for (index, name) in names.enumerated() { try write(picture(index), folder, Array("d/\(name)".utf8)) }
      try folder.write(archive(names), to: "data.tar")
      let requests = [
        DatasetRequest(format: .imageFolder, path: folder.path + "/d"),
        DatasetRequest(format: .tar, path: folder.path + "/data.tar"),
      ]
      for request in requests {
        let data = try DatasetCatalog.open(request)
        #expect(data.train.count == 4 && data.train.classNames.map { Array($0.utf8) }.count == 3)
        let bytes = data.train.classNames.map { Array($0.utf8) }
        #expect(bytes == [Array("a".utf8), Array(Self.decomposed.utf8), Array(Self.composed.utf8)])
        #expect((0..<4).map(data.train.label(of:)) == [0, 0, 1, 2])
        // The images of class a, by the bytes of their names: decomposed first.
        #expect(try sample(0, of: data.train).pixels == TestPNG.pixels(5, 4) { $0 * 3 + $1 * 5 + $2 + 5 })
        #expect(try sample(1, of: data.train).pixels == TestPNG.pixels(5, 4) { $0 * 3 + $1 * 5 + $2 + 1 })
      }
    }
  }

  @Test func `a file's name need not be UTF-8, and a class's must be`() throws {
    try withTemporaryFolder { folder in
      for split in ["train", "test"] {
        for name in ["a", "b"] { try folder.write(picture(1), to: "\(split)/\(name)/x.png") }
      }
      try write(Array(picture(2).dropLast(30)), folder, Array("train/a/".utf8) + [0xE9, 0x0A] + Array(".png".utf8))
      let request = DatasetRequest(format: .imageFolder, path: folder.path, size: Extent(4))
      let data = try DatasetCatalog.open(request)
      #expect(data.train.count == 3)
      let damages = DatasetVerifier.verify(data.train) { _ in }
      #expect(damages.count == 1 && damages[0].contains("train/a/\\xE9\\x0A.png: damaged"), "\(damages)")
      _ = unsafe mkdir(place(folder, Array("train/".utf8) + [0xE9]), 0o755)
      expectRefusal(request, "train/\\xE9: the name of this class folder is not UTF-8; rename it")
    }
  }

  @Test func `a link that leads nowhere, and one that leads back, are told as such`() throws {
    try withTemporaryFolder { folder in
      try folder.write(picture(1), to: "train/a/x.png")
      let request = DatasetRequest(format: .imageFolder, path: folder.path)
      let link = folder.path + "/train/a/link.png"
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "nowhere")
      expectRefusal(request, "link.png: is a link that leads nowhere")
      try FileManager.default.removeItem(atPath: link)
      try FileManager.default.createSymbolicLink(atPath: folder.path + "/train/a/back", withDestinationPath: "..")
      expectRefusal(request, "remove the link that leads back")
    }
  }
}
