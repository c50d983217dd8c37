import Datasets
import Operators
import Testing

@Suite("IDX files")
struct IDXTests {
  /// Writes a good set of `train` and `test` samples.
  private func write(_ folder: TemporaryFolder, train: Int = 6, test: Int = 3, gzip: Bool = false) throws {
    for (prefix, count) in [("train", train), ("t10k", test)] {
      let files = [
        ("\(prefix)-images-idx3-ubyte", TestFiles.images(UInt32(count))),
        ("\(prefix)-labels-idx1-ubyte", TestFiles.labels(TestFiles.cycling(count))),
      ]
      for (name, bytes) in files {
        try folder.write(gzip ? TestFiles.gzipped(bytes) : bytes, to: gzip ? name + ".gz" : name)
      }
    }
  }

  private func request(_ folder: TemporaryFolder) -> DatasetRequest { DatasetRequest(format: .idx, path: folder.path) }

  @Test(arguments: [false, true])
  func `what was written is read, plain and gzipped`(gzip: Bool) throws {
    try withTemporaryFolder { folder in
      try write(folder, gzip: gzip)
      let data = try DatasetCatalog.open(request(folder))
      #expect(data.train.count == 6 && data.test.count == 3)
      #expect(data.train.shape == Shape(channels: 1, height: 4, width: 5))
      #expect(data.train.classNames == ["0", "1", "2"])
      for index in 0..<6 {
        let (pixels, label) = try sample(index, of: data.train)
        #expect(label == index % 3)
        #expect(pixels == (0..<20).map { UInt8(truncatingIfNeeded: (index * 20 + $0) * 7) })
      }
    }
  }

  @Test func `the identity is the same for the same data, and another for one changed pixel`() throws {
    try withTemporaryFolder { folder in
      try write(folder)
      let first = try DatasetCatalog.open(request(folder)).identity()
      #expect(try DatasetCatalog.open(request(folder)).identity() == first)
      var images = TestFiles.images(6)
      images[20] ^= 1
      try folder.write(images, to: "train-images-idx3-ubyte")
      #expect(try DatasetCatalog.open(request(folder)).identity() != first)
    }
  }

  @Test
  func `a file of the wrong length is refused with both lengths`() throws {
    try withTemporaryFolder { folder in
      try write(folder)
      let images = TestFiles.images(6)
      try folder.write(images.dropLast(3), to: "train-images-idx3-ubyte")
      expectRefusal(
        request(folder), "train-images-idx3-ubyte: truncated",
        "expects \(images.count) bytes, it has \(images.count - 3)")
      try folder.write(images + [1, 2], to: "train-images-idx3-ubyte")
      expectRefusal(request(folder), "holds 2 bytes more than its header says")
      try folder.write(TestFiles.images(5), to: "train-images-idx3-ubyte")
      expectRefusal(request(folder), "holds 5 images", "holds 6 labels")
    }
  }

  @Test
  func `a header that is none, or that claims the impossible, is refused`() throws {
    try withTemporaryFolder { folder in
      try write(folder)
      try folder.write([1, 2, 3], to: "train-images-idx3-ubyte")
      expectRefusal(request(folder), "truncated: its header needs 16 bytes, it has 3")
      try folder.write(TestFiles.labels(TestFiles.cycling(6)) + [0, 0], to: "train-images-idx3-ubyte")
      expectRefusal(request(folder), "is no IDX file of images", "0x00000801", "0x00000803")
      let hostile = TestFiles.word(0x803) + [UInt8](repeating: 0xFF, count: 12)
      for file in [hostile, TestFiles.gzipped(hostile)] {
        try folder.write(file, to: "train-images-idx3-ubyte")
        expectRefusal(request(folder), "impossible dimensions")
      }
    }
  }

  @Test
  func `a damaged or truncated gzip stream is refused wherever it ends`() throws {
    try withTemporaryFolder { folder in
      try write(folder, gzip: true)
      let good = TestFiles.gzipped(TestFiles.images(6))
      for length in 2..<good.count {
        try folder.write(Array(good.prefix(length)), to: "train-images-idx3-ubyte.gz")
        expectRefusal(request(folder), "train-images-idx3-ubyte.gz: ")
      }
      var damaged = good
      damaged[good.count - 6] ^= 0x55
      try folder.write(damaged, to: "train-images-idx3-ubyte.gz")
      expectRefusal(request(folder), "its gzip stream is damaged")
      try folder.write(TestFiles.gzipped(TestFiles.images(6) + [9]), to: "train-images-idx3-ubyte.gz")
      expectRefusal(request(folder), "holds 1 bytes more")
    }
  }

  @Test
  func `a label beyond the classes fails, or is skipped and listed`() throws {
    try withTemporaryFolder { folder in
      try write(folder)
      try folder.write(TestFiles.labels([0, 1, 2, 200, 1, 2]), to: "train-labels-idx1-ubyte")
      expectRefusal(request(folder), "train-labels-idx1-ubyte: the label 200 at byte 11 is not one of the 3 classes")
      var skipping = request(folder)
      skipping.onDamage = .skip
      let data = try DatasetCatalog.open(skipping)
      #expect(data.train.count == 5)
      #expect(data.notes.contains { $0.contains("1 of 6 training samples") && $0.contains("train 3") })
      #expect(try sample(3, of: data.train).pixels == (80..<100).map { UInt8(truncatingIfNeeded: $0 * 7) })
      var wide = request(folder)
      wide.classes = -1
      expectRefusal(wide, "data.classes is -1")
      wide.classes = 201
      #expect(try DatasetCatalog.open(wide).train.classNames.count == 201)
    }
  }

  @Test
  func `missing files are named, and so are the keys that mend it`() throws {
    try withTemporaryFolder { folder in
      expectRefusal(request(folder), "train-images-idx3-ubyte", "data.images", "data.labels", "data.hold-out")
      expectRefusal(DatasetRequest(format: .idx), "data.path is missing")
      try folder.write(TestFiles.images(6), to: "a")
      try folder.write(TestFiles.labels(TestFiles.cycling(6)), to: "b")
      var named = request(folder)
      named.images = "a"
      expectRefusal(named, "data.labels is missing")
      named.labels = "b"
      expectRefusal(named, "no test images", "data.test-images", "data.hold-out")
      named.holdOut = 2
      let data = try DatasetCatalog.open(named)
      #expect(data.train.count == 4 && data.test.count == 2)
    }
  }

  @Test
  func `held-out and chosen samples are a choice of the seed, and no sample is on both sides`() throws {
    try withTemporaryFolder { folder in
      try write(folder, train: 40)
      var request = request(folder)
      request.holdOut = 10
      let names = { (source: any SampleSource) in (0..<source.count).map(source.name(of:)) }
      let data = try DatasetCatalog.open(request)
      #expect(Set(names(data.train) + names(data.test)).count == 40)
      #expect(names(try DatasetCatalog.open(request).test) == names(data.test))
      request.trainCount = 7
      #expect(Set(names(try DatasetCatalog.open(request).train)).isSubset(of: names(data.train)))
      request.seed = 2
      #expect(names(try DatasetCatalog.open(request).test) != names(data.test))
      request.holdOut = 40
      expectRefusal(request, "data.hold-out is 40", "1...39")
      request.holdOut = 10
      request.trainCount = 31
      expectRefusal(request, "data.train-count is 31", "1...30")
    }
  }
}
