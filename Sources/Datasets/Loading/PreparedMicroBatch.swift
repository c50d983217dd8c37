/// A loaded micro-batch in a slot of a `Prefetcher`: valid until the slot is released.
@safe
package struct PreparedMicroBatch: @unchecked Sendable {
  // Sendable, because nobody writes into a slot between the taking and the releasing of its micro-batch.

  /// The number of the work item.
  package let index: Int

  /// The positions of the stream, or the numbers of the samples, that the work item named.
  package let positions: Range<Int>

  /// How many samples there are; the rest of the slot is zero.
  package let count: Int

  /// XXH3 over the number, the label and the pixels of each sample in order: the pixels as they were read, before
  /// augmentation and normalization.
  package let contentDigest: UInt64

  /// [sample][row][column][channel], aligned to 64 bytes.
  package let images: UnsafeBufferPointer<Float>

  /// A label per sample.
  package let labels: UnsafeBufferPointer<Int32>

  /// The number of each sample.
  package let ids: UnsafeBufferPointer<UInt64>

  init(index: Int, positions: Range<Int>, samples: LoadedSamples, slot: borrowing PrefetchSlot) {
    self.index = index
    self.positions = positions
    count = samples.count
    contentDigest = samples.contentDigest
    unsafe images = UnsafeBufferPointer(slot.images)
    unsafe labels = UnsafeBufferPointer(slot.labels)
    unsafe ids = UnsafeBufferPointer(slot.ids)
  }
}
