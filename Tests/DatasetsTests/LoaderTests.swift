import Datasets
import Operators
import Testing

@Suite("loading micro-batches")
struct LoaderTests {
  private let source = PatternSource(count: 11)
  private let normalization = Normalization(mean: [0.5, 0.25], deviation: [0.5, 2])

  private func loader(_ augmentations: [Augmentation] = [], ordered: Bool = true, seed: UInt64 = 3) -> MicroBatchLoader
  {
    MicroBatchLoader(
      source: source, order: ordered ? SampleOrder(count: source.count, seed: 3) : nil, augmentations: augmentations,
      normalization: normalization, seed: seed)
  }

  /// The pixels of a sample after a change of (row, column), normalized; nil means the padding's zero byte.
  private func image(_ index: Int, _ move: (Int, Int) -> (Int, Int)) -> [Float] {
    (0..<3).flatMap { row in
      (0..<4).flatMap { column in
        (0..<2).map { channel in
          let (y, x) = move(row, column)
          let isInside = (0..<3).contains(y) && (0..<4).contains(x)
          let byte = isInside ? PatternSource.byte(index, (y * 4 + x) * 2 + channel) : 0
          return (Float(byte) / 255 - normalization.mean[channel]) / normalization.deviation[channel]
        }
      }
    }
  }

  @Test
  func `a micro-batch holds the samples at its positions, normalized`() throws {
    let order = SampleOrder(count: 11, seed: 3)
    let batch = try loader().loaded(8..<14)
    for slot in 0..<6 {
      let index = order.sample(at: 8 + slot).index
      #expect(batch.ids[slot] == UInt64(index) && batch.labels[slot] == Int32(index % 2))
      #expect(Array(batch.images[slot * 24..<(slot + 1) * 24]) == image(index) { ($0, $1) })
    }
  }

  @Test
  func `evaluation takes each sample once and fills up with zeros`() throws {
    let evaluation = loader([.horizontalFlip], ordered: false)
    let batch = try evaluation.loaded(8..<14)
    #expect(batch.ids == [8, 9, 10, 0, 0, 0] && batch.labels == [0, 1, 0, 0, 0, 0])
    for slot in 0..<3 { #expect(Array(batch.images[slot * 24..<(slot + 1) * 24]) == image(8 + slot) { ($0, $1) }) }
    #expect(batch.images[72...].allSatisfy { $0 == 0 })
    #expect(try evaluation.loaded(20..<22).images.allSatisfy { $0 == 0 })
  }

  @Test
  func `a flip mirrors half of the samples, and an image mirrored twice is itself`() throws {
    let order = SampleOrder(count: 11, seed: 3)
    let batch = try loader([.horizontalFlip]).loaded(0..<220)
    let mirrored = (0..<220).filter { slot in
      let index = order.sample(at: slot).index
      let found = Array(batch.images[slot * 24..<(slot + 1) * 24])
      let isMirrored = found == image(index) { ($0, 3 - $1) }
      #expect(isMirrored || found == image(index) { ($0, $1) })
      return isMirrored
    }
    #expect((70...150).contains(mirrored.count))
  }

  @Test
  func `a random crop is a shift by at most the padding, all shifts occur, and what is new is a zero byte`() throws {
    let order = SampleOrder(count: 11, seed: 3)
    let batch = try loader([.randomCrop(padding: 1)]).loaded(0..<220)
    let shifts = (0..<9).map { ($0 / 3 - 1, $0 % 3 - 1) }
    var seen: Set<Int> = []
    for slot in 0..<220 {
      let index = order.sample(at: slot).index
      let found = Array(batch.images[slot * 24..<(slot + 1) * 24])
      let shift = shifts.firstIndex { down, right in found == image(index) { ($0 + down, $1 + right) } }
      seen.insert(try #require(shift))
    }
    #expect(seen.count == 9)
  }

  @Test
  func `augmentation depends on seed, epoch and sample, and on nothing else`() throws {
    let augmentations: [Augmentation] = [.randomCrop(padding: 2), .horizontalFlip]
    let whole = try loader(augmentations).loaded(0..<22)
    for position in (0..<22).reversed() {
      let alone = try loader(augmentations).loaded(position..<position + 1)
      #expect(alone.images == Array(whole.images[position * 24..<(position + 1) * 24]))
    }
    #expect(try loader(augmentations, seed: 4).loaded(0..<22).images != whole.images)
  }

  @Test
  func `a padding larger than the image, and numbers that cannot normalize, are refused`() {
    let shape = Shape(channels: 3, height: 4, width: 5)
    for padding in [-1, 5] {
      expectError(["padding is \(padding)", "0...4"]) { () throws(DatasetError) in
        try Augmentation.randomCrop(padding: padding).check(for: shape)
      }
    }
    expectError(["1 means", "3 channels"]) { () throws(DatasetError) in
      try Normalization.identity(channels: 1).check(channels: 3)
    }
    expectError(["not positive"]) { () throws(DatasetError) in
      try Normalization(mean: [0], deviation: [0]).check(channels: 1)
    }
  }
}
