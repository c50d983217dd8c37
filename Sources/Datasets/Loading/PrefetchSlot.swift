import Operators

/// Memory for one micro-batch, aligned to 64 bytes (a cache line, and the widest vector register).
@safe
struct PrefetchSlot: ~Copyable {
  let images: UnsafeMutableBufferPointer<Float>
  let labels: UnsafeMutableBufferPointer<Int32>
  let ids: UnsafeMutableBufferPointer<UInt64>

  /// Zeroed memory for `samples` samples of `features` numbers each.
  init(samples: Int, features: Int) {
    unsafe images = Self.allocate(samples * features, of: Float.self, zero: 0)
    unsafe labels = Self.allocate(samples, of: Int32.self, zero: 0)
    unsafe ids = Self.allocate(samples, of: UInt64.self, zero: 0)
  }

  deinit {
    unsafe images.deallocate()
    unsafe labels.deallocate()
    unsafe ids.deallocate()
  }

  private static func allocate<Number>(
    _ count: Int, of type: Number.Type, zero: Number
  ) -> UnsafeMutableBufferPointer<Number> {
    let memory = UnsafeMutableRawPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Number>.stride, alignment: 64)
    let numbers = unsafe memory.bindMemory(to: type, capacity: count)
    let buffer = unsafe UnsafeMutableBufferPointer(start: numbers, count: count)
    unsafe buffer.initialize(repeating: zero)
    return unsafe buffer
  }

  /// Loads the samples at `positions` and zeroes the rest; returns what was loaded.
  borrowing func fill(_ positions: Range<Int>, from loader: MicroBatchLoader) throws(DatasetError) -> LoadedSamples {
    var images = unsafe self.images.mutableSpan
    var labels = unsafe self.labels.mutableSpan
    var ids = unsafe self.ids.mutableSpan
    precondition(positions.count <= labels.count, "a work item is longer than a micro-batch")
    let loaded = try loader.load(positions: positions, images: &images, labels: &labels, ids: &ids)
    for slot in positions.count..<labels.count {
      labels[slot] = 0
      ids[slot] = 0
    }
    for place in positions.count * loader.source.shape.count..<images.count { images[place] = 0 }
    return loaded
  }
}
