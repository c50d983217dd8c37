import Datasets
import Randomness
import Testing

@Suite("the built-in digits")
struct DigitsTests {
  private func digest(_ bytes: [UInt8]) -> UInt64 {
    bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }

  @Test
  func `a sample is a pure function of split and index`() throws {
    let few = DigitsSource(.train, count: 30)
    let many = DigitsSource(.train, count: 1000)
    for index in (0..<30).reversed() {
      let first = try sample(index, of: few)
      #expect(try sample(index, of: many) == first)
      #expect(try sample(index, of: few) == first)
      #expect(try sample(index, of: DigitsSource(.test, count: 30)).pixels != first.pixels)
      #expect(few.label(of: index) == first.label)
    }
  }

  @Test
  func `each ten samples in a row are the ten digits, in changing order`() {
    let source = DigitsSource(.train, count: 1000)
    let tens = (0..<100).map { ten in (0..<10).map { source.label(of: ten * 10 + $0) } }
    for ten in tens { #expect(Set(ten).count == 10) }
    #expect(Set(tens).count > 95)
  }

  @Test
  func `the drawings never change from version to version`() throws {
    let train = DigitsSource(.train, count: 64)
    let test = DigitsSource(.test, count: 64)
    let bytes = try (0..<64).flatMap { index in
      let (a, b) = (try sample(index, of: train), try sample(index, of: test))
      return a.pixels + b.pixels + [UInt8(a.label), UInt8(b.label)]
    }
    #expect(digest(bytes) == 6_428_989_095_308_858_098)
  }

  @Test
  func `what is exported as IDX is what is drawn`() throws {
    try withTemporaryFolder { folder in
      try DigitsExport.writeIDX(to: folder.path + "/new/digits", train: 40, test: 20)
      let written = try DatasetCatalog.open(DatasetRequest(format: .idx, path: folder.path + "/new/digits"))
      let drawn = try DatasetCatalog.open(DatasetRequest(format: .digits, trainCount: 40, testCount: 20))
      #expect(written.train.count == 40 && written.test.count == 20)
      for index in 0..<40 { #expect(try sample(index, of: written.train) == sample(index, of: drawn.train)) }
      for index in 0..<20 { #expect(try sample(index, of: written.test) == sample(index, of: drawn.test)) }
    }
  }

  @Test
  func `the summary counts classes and takes mean and deviation`() throws {
    let summary = DatasetSummary(of: DigitsSource(.train, count: 200))
    #expect(summary.classCounts == [Int](repeating: 20, count: 10))
    #expect(summary.sampled == 200 && summary.normalization.mean.count == 1)
    #expect((0.05..<0.3).contains(summary.normalization.mean[0]))
    #expect((0.1..<0.4).contains(summary.normalization.deviation[0]))
  }

  @Test
  func `counts of nothing or too much are refused`() {
    expectRefusal(DatasetRequest(format: .digits, trainCount: 0), "data.train-count is 0")
    expectError(["data.test-count is -1"]) { () throws(DatasetError) in
      try DigitsExport.writeIDX(to: "/nowhere", train: 1, test: -1)
    }
    expectRefusal(DatasetRequest(format: .digits, holdOut: -1), "data.hold-out is -1")
  }

  /// The task must need more than a linear classifier, and be learnable: a linear one is far above chance.
  @Test
  func `a linear classifier stays below 93 % on test digits`() throws {
    let train = try LinearDigits.features(DigitsSource(.train, count: 4000))
    let test = try LinearDigits.features(DigitsSource(.test, count: 1000))
    var classifier = LinearDigits()
    for epoch in 0..<8 { classifier.train(on: train, rate: 0.02 / Float(1 + epoch)) }
    let accuracy = classifier.accuracy(on: test)
    #expect((0.5..<0.93).contains(accuracy), "accuracy \(accuracy)")
  }
}
