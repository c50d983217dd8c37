import Datasets
import Foundation
import Testing

/// Files that promise more than they hold, and files that are mostly nothing. Each must be answered at once.
@Suite(.timeLimit(.minutes(4))) struct HostileFileTests {
  private func sparse(_ folder: TemporaryFolder, _ name: String, start: [UInt8] = [], length: UInt64) throws {
    try folder.write(start, to: name)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path + "/" + name))
    try file.truncate(atOffset: length)
    try file.close()
  }

  @Test func `an archive of a terabyte of nothing is refused at once`() throws {
    try withTemporaryFolder { folder in
      try sparse(folder, "s.tar", length: 1 << 40)
      expectRefusal(DatasetRequest(format: .tar, path: folder.path + "/s.tar"), "s.tar: holds nothing")
    }
  }

  @Test func `a terabyte of nothing behind an archive's end is passed over, and what follows it is found`() throws {
    try withTemporaryFolder { folder in
      var tar = TestTar()
      for name in ["train/a/1", "train/b/1", "test/a/1", "test/b/1"] {
        tar.add(name + ".png", TestPNG.colour(width: 4, height: 4) { $0 + $1 + $2 })
      }
      try sparse(folder, "s.tar", start: tar.file, length: 1 << 40)
      let request = DatasetRequest(format: .tar, path: folder.path + "/s.tar")
      #expect(try DatasetCatalog.open(request).train.count == 2)
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.path + "/s.tar"))
      try file.seek(toOffset: 1 << 39)
      try file.write(contentsOf: Data([1]))
      try file.close()
      expectRefusal(request, "holds data behind its end mark, at byte \(1 << 39)")
    }
  }

  @Test func `CIFAR files that are one hole are read by their holes`() throws {
    try withTemporaryFolder { folder in
      for part in 1...5 { try sparse(folder, "data_batch_\(part).bin", length: 3073 * 4_000_000) }
      try folder.write(TestFiles.records(labels: [[3]]), to: "test_batch.bin")
      let data = try DatasetCatalog.open(DatasetRequest(format: .cifar10, path: folder.path))
      #expect(data.train.count == 20_000_000 && data.train.label(of: 19_999_999) == 0)
    }
  }

  @Test func `IDX files that promise what they do not hold are refused before memory is asked for`() throws {
    try withTemporaryFolder { folder in
      let promise = TestFiles.word(0x803) + TestFiles.word(1 << 20) + TestFiles.word(1 << 14) + TestFiles.word(1 << 14)
      try folder.write(TestFiles.labels([0, 1]), to: "train-labels-idx1-ubyte")
      let request = DatasetRequest(format: .idx, path: folder.path, holdOut: 1)
      try folder.write(promise + [1, 2, 3], to: "train-images-idx3-ubyte")
      expectRefusal(request, "train-images-idx3-ubyte: truncated", "expects \(1 << 48 + 16) bytes")
      try FileManager.default.removeItem(atPath: folder.path + "/train-images-idx3-ubyte")
      try folder.write(TestFiles.gzipped(promise + [1, 2, 3]), to: "train-images-idx3-ubyte.gz")
      expectRefusal(request, "train-images-idx3-ubyte.gz: truncated", "gzipped bytes cannot hold")
    }
  }

  @Test func `a gzipped file that goes on behind its promised end is left there`() throws {
    try withTemporaryFolder { folder in
      try folder.write(TestFiles.labels(TestFiles.cycling(6)), to: "train-labels-idx1-ubyte")
      let bytes = TestFiles.images(6) + [UInt8](repeating: 0, count: 200 << 20)
      try folder.write(TestFiles.gzipped(bytes), to: "train-images-idx3-ubyte.gz")
      expectRefusal(
        DatasetRequest(format: .idx, path: folder.path, holdOut: 1), "unpacks to far more than the")
    }
  }

  @Test func `a pipe in the place of an archive is refused and not waited for`() throws {
    try withTemporaryFolder { folder in
      #expect(unsafe mkfifo(folder.path + "/d.tar", 0o600) == 0)
      expectRefusal(DatasetRequest(format: .tar, path: folder.path + "/d.tar"), "d.tar: is not a file")
    }
  }
}
