import Datasets
import Foundation
import Testing

/// Data is what its bytes are, and not where it lies.
@Suite struct DataIdentityTests {
  private func picture(_ seed: Int) -> [UInt8] {
    TestPNG.colour(width: 4, height: 4) { $0 * 3 + $1 * 5 + $2 + seed }
  }

  /// The formats with files, each written with a file of which one byte can be changed.
  enum Form: String, CaseIterable, Sendable {
    case idx, gzippedIDX, cifar10, folder, tar
  }

  /// Writes a small data set; returns the request and the file to change.
  private func write(_ form: Form, _ folder: TemporaryFolder, _ top: String) throws -> (DatasetRequest, String) {
    let path = folder.path + "/" + top
    switch form {
    case .idx, .gzippedIDX:
      let ending = form == .idx ? "" : ".gz"
      let pack = form == .idx ? { $0 } : TestFiles.gzipped
      for (split, count) in [("train", 6), ("t10k", 3)] {
        try folder.write(pack(TestFiles.images(UInt32(count))), to: "\(top)/\(split)-images-idx3-ubyte\(ending)")
        try folder.write(
          pack(TestFiles.labels(TestFiles.cycling(count))), to: "\(top)/\(split)-labels-idx1-ubyte\(ending)")
      }
      return (DatasetRequest(format: .idx, path: path), "\(top)/train-images-idx3-ubyte\(ending)")
    case .cifar10:
      for part in 1...5 {
        try folder.write(TestFiles.records(labels: [[1], [2]]), to: "\(top)/data_batch_\(part).bin")
      }
      try folder.write(TestFiles.records(labels: [[3]]), to: "\(top)/test_batch.bin")
      return (DatasetRequest(format: .cifar10, path: path), "\(top)/data_batch_4.bin")
    case .folder:
      for split in ["train", "test"] {
        for name in ["a/1", "a/2", "b/1", "b/2"] {
          try folder.write(picture(name.utf8.reduce(0) { $0 + Int($1) }), to: "\(top)/\(split)/\(name).png")
        }
      }
      return (DatasetRequest(format: .imageFolder, path: path), "\(top)/train/b/1.png")
    case .tar:
      var tar = TestTar()
      for (index, name) in ["train/a/1", "train/b/1", "test/a/1", "test/b/1"].enumerated() {
        tar.add(name + ".png", picture(index))
      }
      try folder.write(tar.file, to: "\(top)/d.tar")
      return (DatasetRequest(format: .tar, path: path + "/d.tar"), "\(top)/d.tar")
    }
  }

  private func change(_ folder: TemporaryFolder, _ file: String, _ place: Int) throws {
    let url = URL(fileURLWithPath: folder.path + "/" + file)
    var bytes = [UInt8](try Data(contentsOf: url))
    bytes[place < 0 ? bytes.count + place : place] ^= 1
    try folder.write(bytes, to: file)
  }

  @Test(arguments: Form.allCases) func `the same files elsewhere are the same data, and one changed byte is not`(
    form: Form
  ) throws {
    try withTemporaryFolder { folder in
      let (request, file) = try write(form, folder, "here")
      let first = try DatasetCatalog.open(request).identity()
      #expect(try DatasetCatalog.open(write(form, folder, "there").0).identity() == first)
      #expect(first.train.coverage == (form == .folder ? "sampled" : "whole"))
      // A byte of the pixels; in a gzipped file one of the time in its head, which changes nothing but the file.
      let place = form == .gzippedIDX ? 4 : form == .tar ? 512 + 45 : form == .folder ? 45 : -3
      try change(folder, file, place)
      let second = try DatasetCatalog.open(request).identity()
      #expect(second.train.content != first.train.content && second.classes == first.classes)
    }
  }

  @Test func `labels, order, hold-out, subset and skipped samples are part of a split's content`() throws {
    try withTemporaryFolder { folder in
      let (plain, _) = try write(.idx, folder, "d")
      var requests = [plain]
      for change in [
        { (request: inout DatasetRequest) in request.trainCount = 5 }, { $0.holdOut = 2 },
        {
          $0.holdOut = 2
          $0.seed = 2
        },
        {
          $0.trainCount = 3
          $0.seed = 5
        }, { $0.classes = 5 },
      ] as [(inout DatasetRequest) -> Void] {
        var request = plain
        change(&request)
        requests.append(request)
      }
      var contents = try requests.map { try DatasetCatalog.open($0).identity().train.content }
      try folder.write(TestFiles.labels([0, 1, 2, 1, 0, 2]), to: "d/train-labels-idx1-ubyte")
      contents.append(try DatasetCatalog.open(plain).identity().train.content)
      #expect(Set(contents).count == contents.count)
    }
  }

  @Test func `a renamed file or class is other data`() throws {
    try withTemporaryFolder { folder in
      let (request, _) = try write(.folder, folder, "d")
      let first = try DatasetCatalog.open(request).identity()
      let place = folder.path + "/d/train/a/"
      try FileManager.default.moveItem(atPath: place + "1.png", toPath: place + "3.png")
      #expect(try DatasetCatalog.open(request).identity().train.content != first.train.content)
      for split in ["train", "test"] {
        try FileManager.default.moveItem(atPath: "\(folder.path)/d/\(split)/a", toPath: "\(folder.path)/d/\(split)/c")
      }
      #expect(try DatasetCatalog.open(request).identity().classes == ["b", "c"])
    }
  }

  @Test func `drawings are known by kind, split and count`() throws {
    let identity = try DatasetCatalog.open(DatasetRequest(format: .digits, trainCount: 50, testCount: 20)).identity()
    #expect(
      identity.train.coverage == "generated" && identity.train.count == 50 && identity.train.shape == [1, 28, 28])
    let other = try DatasetCatalog.open(DatasetRequest(format: .digits, trainCount: 51, testCount: 20)).identity()
    #expect(identity.train.content != other.train.content && identity.test == other.test)
    #expect(identity.train.content != identity.test.content)
  }

  @Test func `an identity survives JSON`() throws {
    let identity = try DatasetCatalog.open(DatasetRequest(format: .digits, trainCount: 50, testCount: 20)).identity()
    #expect(try JSONDecoder().decode(DataIdentity.self, from: JSONEncoder().encode(identity)) == identity)
  }

  @Test func `a micro-batch's digest covers numbers, labels and pixels as they were read`() throws {
    let normalization = Normalization(mean: [0, 0], deviation: [1, 1])
    let digest = { (source: PatternSource, augment: [Augmentation], mean: Normalization) throws -> UInt64 in
      let order = SampleOrder(count: source.count, seed: 3)
      let prefetcher = Prefetcher(
        loader: MicroBatchLoader(source: source, order: order, augmentations: augment, normalization: mean, seed: 1),
        samples: 4, slots: 2
      ) { $0 < 2 ? $0 * 4..<($0 + 1) * 4 : nil }
      let digests = try (0..<2).map { index in
        let digest = try prefetcher.take(index).contentDigest
        prefetcher.release(index)
        return digest
      }
      #expect(digests[0] != digests[1])
      return digests[0]
    }
    let source = PatternSource(count: 11)
    let first = try digest(source, [], normalization)
    // What happens after the reading does not count.
    #expect(try digest(source, [.horizontalFlip], Normalization(mean: [1, 0], deviation: [2, 1])) == first)
    for change in [
      { (source: inout PatternSource) in source.addition = 1 }, { $0.labels = 1 },
    ] as [(inout PatternSource) -> Void] {
      var other = source
      change(&other)
      #expect(try digest(other, [], normalization) != first)
    }
  }
}
