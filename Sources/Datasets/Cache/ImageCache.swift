import Synchronization

/// Decoded images in memory, so that each is decoded once: a slot of bytes for each sample, and a state that says
/// whether they are there. The processes of a machine may share it, and any number of threads; nobody waits for
/// anybody.
///
/// What fits is a fixed part of the samples. In an order that visits every sample once an epoch no policy of
/// replacement has more hits, and least-recently-used has hardly any.
@safe
package final class ImageCache: Sendable {
  /// How many images were asked for, and how many of them were there.
  package struct Counts: Hashable, Sendable {
    /// How often an image was asked for.
    package var asked = 0
    /// How often it was there.
    package var found = 0

    /// Nothing was asked for.
    package init() {}

    /// The share that was found since an earlier count; 0 if none was asked for.
    package func share(since before: Counts) -> Double {
      Double(found - before.found) / Double(max(1, asked - before.asked))
    }
  }

  private enum State {
    static let empty: UInt8 = 0
    static let filling: UInt8 = 1
    static let full: UInt8 = 2
  }

  private let memory: SharedMemory
  /// The number of images that fit.
  package let capacity: Int
  private let imageLength: Int
  private let asked = Atomic<Int>(0)
  private let found = Atomic<Int>(0)

  /// A cache of images of `imageLength` bytes in zeroed memory, or in memory that such a cache of another process
  /// already uses.
  package init(memory: SharedMemory, imageLength: Int) {
    precondition(imageLength >= 1, "an image has at least one byte")
    self.memory = memory
    self.imageLength = imageLength
    capacity = memory.count / (imageLength + 1)
  }

  /// The bytes that a cache needs for `images` images, or for as many as fit into `limit` bytes; 0 if none does.
  package static func byteCount(images: Int, imageLength: Int, limit: Int) -> Int {
    min(images, max(limit, 0) / (imageLength + 1)) * (imageLength + 1)
  }

  /// What this process has asked for since its start.
  package var counts: Counts {
    var counts = Counts()
    counts.asked = asked.load(ordering: .relaxed)
    counts.found = found.load(ordering: .relaxed)
    return counts
  }

  /// Copies the image in `slot` to `pixels`; false if it is not there.
  func read(_ slot: Int, into pixels: inout MutableSpan<UInt8>) -> Bool {
    precondition(slot >= 0 && pixels.count == imageLength, "another image was asked for than the cache is made for")
    asked.add(1, ordering: .relaxed)
    // Acquiring: who sees that a slot is full sees its bytes.
    guard slot < capacity, unsafe state(of: slot).pointee.load(ordering: .acquiring) == State.full else { return false }
    unsafe pixels.withUnsafeMutableBytes { unsafe $0.copyMemory(from: UnsafeRawBufferPointer(bytes(of: slot))) }
    found.add(1, ordering: .relaxed)
    return true
  }

  /// Keeps the image in `slot`, unless it does not fit or somebody else keeps it already.
  func keep(_ pixels: Span<UInt8>, in slot: Int) {
    precondition(slot >= 0 && pixels.count == imageLength, "another image is kept than the cache is made for")
    guard slot < capacity, claim(slot) else { return }
    unsafe pixels.withUnsafeBytes { unsafe bytes(of: slot).copyMemory(from: $0) }
    unsafe state(of: slot).pointee.store(State.full, ordering: .releasing)
  }

  /// Marks an empty slot as filling; false if it is not empty. Who dies while filling leaves a slot that nobody reads.
  private func claim(_ slot: Int) -> Bool {
    unsafe state(of: slot).pointee.compareExchange(
      expected: State.empty, desired: State.filling, ordering: .relaxed
    ).exchanged
  }

  // The images come first and the states behind them. Both lie within the memory, since the slot is below the capacity.

  private func bytes(of slot: Int) -> UnsafeMutableRawBufferPointer {
    unsafe UnsafeMutableRawBufferPointer(start: memory.base + slot * imageLength, count: imageLength)
  }

  private func state(of slot: Int) -> UnsafeMutablePointer<Atomic<UInt8>> {
    unsafe (memory.base + capacity * imageLength + slot).assumingMemoryBound(to: Atomic<UInt8>.self)
  }
}
