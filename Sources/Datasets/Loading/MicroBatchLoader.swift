import Hashing
import Operators
import Randomness

/// What a micro-batch was loaded from.
package struct LoadedSamples: Hashable, Sendable {
  /// How many samples there were.
  package var count = 0

  /// XXH3 over the number, the label and the pixels of each sample in order: the pixels as they were read, before
  /// augmentation and normalization.
  package var contentDigest: UInt64 = 0
}

/// Fills caller-given memory with micro-batches: reads samples, augments and normalizes them.
package struct MicroBatchLoader: Sendable {
  /// The samples.
  package let source: any SampleSource

  /// The stream of training samples; nil for evaluation, which takes samples by their number.
  package let order: SampleOrder?
  private let augmentations: [Augmentation]
  private let table: [Float]
  private let seed: UInt64

  /// A loader. Augmentations apply to what is loaded through `order` only.
  package init(
    source: any SampleSource, order: SampleOrder?, augmentations: [Augmentation], normalization: Normalization,
    seed: UInt64
  ) {
    precondition(order.map { $0.count == source.count } ?? true, "the order is one of another number of samples")
    precondition(normalization.mean.count == source.shape.channels, "one mean per channel is needed")
    precondition(normalization.deviation.count == source.shape.channels, "one deviation per channel is needed")
    self.source = source
    self.order = order
    self.augmentations = augmentations
    self.seed = seed
    table = normalization.table
  }

  /// Loads the samples at `positions` of the stream. Without an order this is `loadPlain`.
  ///
  /// - Parameters:
  ///   - images: [sample][row][column][channel], m · `shape.count` numbers for m positions.
  ///   - labels: m labels.
  ///   - ids: m numbers of samples.
  /// - Returns: how many samples there were, and the digest of what was read.
  @discardableResult
  package func load(
    positions: Range<Int>, images: inout MutableSpan<Float>, labels: inout MutableSpan<Int32>,
    ids: inout MutableSpan<UInt64>
  ) throws(DatasetError) -> LoadedSamples {
    guard let order else {
      return try loadPlain(indices: positions, images: &images, labels: &labels, ids: &ids)
    }
    var buffers = SampleBuffers(length: source.shape.count)
    for (slot, position) in positions.enumerated() {
      let (epoch, index) = order.sample(at: position)
      labels[slot] = Int32(try buffers.read(index, from: source))
      ids[slot] = UInt64(index)
      var random = Augmentation.stream(seed: seed, epoch: epoch, sample: index)
      for augmentation in augmentations {
        augmentation.apply(
          to: &buffers.picture, scratch: &buffers.scratch, shape: source.shape, random: &random)
      }
      normalize(buffers.picture, into: &images, slot: slot)
    }
    return buffers.loaded
  }

  /// Loads the samples with the given numbers as they are. Numbers beyond the last sample leave zeros in their slots.
  /// Returns how many samples there were, and the digest of what was read.
  @discardableResult
  package func loadPlain(
    indices: Range<Int>, images: inout MutableSpan<Float>, labels: inout MutableSpan<Int32>,
    ids: inout MutableSpan<UInt64>
  ) throws(DatasetError) -> LoadedSamples {
    var buffers = SampleBuffers(length: source.shape.count)
    for (slot, index) in indices.enumerated() {
      let exists = index < source.count
      labels[slot] = exists ? Int32(try buffers.read(index, from: source)) : 0
      ids[slot] = exists ? UInt64(index) : 0
      if exists {
        normalize(buffers.picture, into: &images, slot: slot)
      } else {
        for place in 0..<source.shape.count { images[slot * source.shape.count + place] = 0 }
      }
    }
    return buffers.loaded
  }

  private func normalize(_ picture: [UInt8], into images: inout MutableSpan<Float>, slot: Int) {
    let channels = source.shape.channels
    let target = slot * picture.count..<(slot + 1) * picture.count
    precondition(target.upperBound <= images.count && table.count == 256 * channels, "a picture leaves its slot")
    // Checked here for the whole picture: with a check for each byte the look-ups cost three times as much.
    unsafe images.withUnsafeMutableBufferPointer { images in
      unsafe table.withUnsafeBufferPointer { table in
        unsafe picture.withUnsafeBufferPointer { picture in
          for channel in 0..<channels {
            for place in stride(from: channel, to: picture.count, by: channels) {
              unsafe images[target.lowerBound + place] = table[Int(picture[place]) &* channels &+ channel]
            }
          }
        }
      }
    }
  }
}

/// The bytes of one sample while it is prepared, used again for the next one, and the digest of all of them.
private struct SampleBuffers: ~Copyable {
  var picture: [UInt8]
  var scratch: [UInt8]
  private var digest = Digest()
  private var count = 0

  /// What has been read so far.
  var loaded: LoadedSamples { LoadedSamples(count: count, contentDigest: digest.finish()) }

  init(length: Int) {
    picture = [UInt8](repeating: 0, count: length)
    scratch = picture
  }

  mutating func read(_ index: Int, from source: any SampleSource) throws(DatasetError) -> Int {
    var pixels = picture.mutableSpan
    let label = try source.read(index, into: &pixels)
    digest.update(words: [UInt64(index), UInt64(label)])
    // A name of its own, since a span of a member would hold on to all of them.
    let read = picture
    digest.update(bytes: read.span)
    count += 1
    return label
  }
}
