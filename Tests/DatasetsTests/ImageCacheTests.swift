import Datasets
import Operators
import Testing

/// The cache of decoded images: the bytes that decoding gives, within its bounds, from any thread and process.
@Suite("cache of decoded images", .timeLimit(.minutes(4)))
struct ImageCacheTests {
  /// Where images may lie, and whether they are brought to another size.
  enum Form: CaseIterable {
    case folder, resizedFolder, tar, resizedTar
  }

  /// Pictures of which no two are alike: PNG and JPEG, colour and grey.
  private static let pictures: [[UInt8]] =
    (0..<9).map { seed in TestPNG.colour(width: 8, height: 6) { $0 * 3 + $1 * 5 + $2 + 11 * seed } }
    + [TestJPEG.colour, TestJPEG.grey, TestPNG.file(width: 8, height: 6, kind: .grey, rows: Array(100..<148))]

  /// Runs `body` with a data set of 12 training and 12 test images, stored in a form.
  private func withImages(_ form: Form, _ body: (Dataset) throws -> Void) throws {
    try withTemporaryFolder { folder in
      var archive = TestTar()
      for (index, picture) in Self.pictures.enumerated() {
        for name in ["train/\(index % 2)/\(index).png", "test/\(index % 2)/\(11 - index).png"] {
          archive.add(name, picture)
          try folder.write(picture, to: "folder/" + name)
        }
      }
      try folder.write(archive.file, to: "archive.tar")
      let size = form == .folder || form == .tar ? nil : Extent(height: 5, width: 7)
      let request =
        form == .folder || form == .resizedFolder
        ? DatasetRequest(format: .imageFolder, path: folder.path + "/folder", size: size)
        : DatasetRequest(format: .tar, path: folder.path + "/archive.tar", size: size)
      try body(DatasetCatalog.open(request))
    }
  }

  private func cached(_ plain: Dataset, limit: Int) throws -> (dataset: Dataset, cache: ImageCache) {
    plain.cached(in: try SharedMemory.create(count: plain.cacheByteCount(limit: limit)))
  }

  private func expectEqual(_ a: any SampleSource, _ b: any SampleSource) throws {
    let (first, second) = (try a.content { _ in }, try b.content { _ in })
    #expect(a.count == b.count && a.shape == b.shape && first == second)
    for index in 0..<a.count {
      #expect(try sample(index, of: a) == sample(index, of: b), "sample \(index)")
      #expect(a.name(of: index) == b.name(of: index))
    }
  }

  @Test(arguments: Form.allCases)
  func `what comes from the cache is what decoding gives`(form: Form) throws {
    try withImages(form) { plain in
      let (dataset, cache) = try cached(plain, limit: 1 << 30)
      #expect(cache.capacity == 24)
      for round in 0..<3 {
        try expectEqual(dataset.train, plain.train)
        try expectEqual(dataset.test, plain.test)
        #expect(cache.counts.asked == 24 * (round + 1) && cache.counts.found == 24 * round)
      }
    }
  }

  @Test(arguments: [1, 7, 12, 20, 23])
  func `the cache stays within its limit and keeps what fits`(images: Int) throws {
    try withImages(.tar) { plain in
      let limit = images * (plain.train.shape.count + 1) + plain.train.shape.count
      #expect(plain.cacheByteCount(limit: limit) <= limit)
      let (dataset, cache) = try cached(plain, limit: limit)
      #expect(cache.capacity == images)
      for _ in 0..<2 {
        try expectEqual(dataset.train, plain.train)
        try expectEqual(dataset.test, plain.test)
      }
      #expect(cache.counts.found == images)
    }
  }

  @Test
  func `without room or with nothing to decode there is no cache, and no limit overflows`() throws {
    try withImages(.folder) { plain in
      #expect([0, -1, Int.min, 144].map(plain.cacheByteCount) == [0, 0, 0, 0])
      #expect(plain.cacheByteCount(limit: .max) == 24 * 145)
    }
    #expect(ImageCache.byteCount(images: .max, imageLength: 3, limit: .max) <= .max)
    let pattern = Dataset(train: PatternSource(count: 9), test: PatternSource(count: 3), name: "pattern")
    #expect(pattern.cacheByteCount(limit: .max) == 0)
    #expect(throws: DatasetError.self) { try SharedMemory.create(count: 1 << 60) }
  }

  @Test
  func `a damaged image is named each time and never kept`() throws {
    try withTemporaryFolder { folder in
      for split in ["train", "test"] {
        try folder.write(Self.pictures[0], to: "\(split)/a/good.png")
        try folder.write(Array(Self.pictures[1].dropLast(20)), to: "\(split)/b/bad.png")
      }
      let plain = try DatasetCatalog.open(DatasetRequest(format: .imageFolder, path: folder.path))
      let (dataset, cache) = try cached(plain, limit: 1 << 20)
      for _ in 0..<3 {
        expectError(["train/b/bad.png", "damaged PNG image, at byte"]) { () throws(DatasetError) in
          _ = try sample(1, of: dataset.train)
        }
      }
      #expect(cache.counts.found == 0)
      #expect(try sample(0, of: dataset.train) == sample(0, of: plain.train))
    }
  }

  @Test
  func `threads that fill one cache all see whole images`() throws {
    try withImages(.tar) { plain in
      let expected = try (0..<plain.train.count).map { try sample($0, of: plain.train).pixels }
      for _ in 0..<20 {
        let train = try cached(plain, limit: 1 << 20).dataset.train
        onThreads(4) { thread in
          for step in 0..<48 {
            let index = (step * 5 + thread * 3) % 12
            let pixels = try? sample(index, of: train).pixels
            #expect(pixels == expected[index])
          }
        }
      }
    }
  }

  @Test
  func `whoever opens the memory by its address sees what the others keep`() throws {
    try withImages(.folder) { plain in
      let memory = try SharedMemory.create(count: plain.cacheByteCount(limit: 1 << 20))
      let (first, _) = plain.cached(in: memory)
      let (second, cache) = plain.cached(in: try SharedMemory.open(memory.address))
      for index in 0..<12 { _ = try sample(index, of: first.train) }
      try expectEqual(second.train, plain.train)
      #expect(cache.counts.found == 12)
    }
  }

  @Test
  func `memory that has ended is not found, and nothing else is taken for it`() throws {
    let address = try SharedMemory.create(count: 4096).address
    let other = try SharedMemory.create(count: 4096)
    #expect(other.address != address)
    #expect(throws: DatasetError.self) { try SharedMemory.open(address) }
  }
}
