import Foundation

/// An allocation of floats, aligned to cache lines: an arena or a flat buffer.
///
/// The bounds are checked by the spans that it lends out; `unsafeBase` is for what takes a bare address, as MPI does.
@safe
package struct AlignedBuffer: ~Copyable, @unchecked Sendable {
  /// The alignment in bytes: a cache line, and the widest vector.
  package static let alignment = 64
  /// The size of a huge page; buffers of at least two are laid on such pages where the system has them to give, since a
  /// walk over a large tensor in steps of kilobytes needs the address of a small page at each of them.
  private static let hugePage = 1 << 21

  /// The number of floats.
  package let count: Int

  /// The address of the first float; valid as long as the buffer lives.
  @unsafe package let unsafeBase: UnsafeMutablePointer<Float>

  private init(count: Int, unsafeBase: UnsafeMutablePointer<Float>) {
    self.count = count
    unsafe self.unsafeBase = unsafe unsafeBase
  }

  deinit { unsafe free(unsafeBase) }

  /// A buffer of `count` zeros.
  ///
  /// - Throws: `KernelError.outOfMemory` if there is not so much memory, or `count` is negative.
  package static func zeros(_ count: Int) throws(KernelError) -> AlignedBuffer {
    let (bytes, overflow) = max(count, 1).multipliedReportingOverflow(by: MemoryLayout<Float>.stride)
    let isLarge = !overflow && bytes >= 2 * hugePage
    var memory: UnsafeMutableRawPointer?
    guard count >= 0, !overflow, unsafe posix_memalign(&memory, isLarge ? hugePage : alignment, bytes) == 0,
      let memory = unsafe memory
    else {
      throw .outOfMemory(floats: count)
    }
    // Advice only: without huge pages the buffer is as good.
    if isLarge { _ = unsafe madvise(memory, bytes, MADV_HUGEPAGE) }
    unsafe memset(memory, 0, bytes)
    return unsafe AlignedBuffer(count: count, unsafeBase: memory.bindMemory(to: Float.self, capacity: max(count, 1)))
  }

  /// Lends `range` of the buffer, or all of it, for reading.
  package borrowing func withSpan<Result, Failure: Error>(
    _ range: Range<Int>? = nil, _ body: (Span<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let buffer = unsafe UnsafeBufferPointer(rebasing: UnsafeBufferPointer(whole)[checked(range)])
    return try unsafe body(buffer.span)
  }

  /// Lends `range` of the buffer, or all of it, for writing.
  package mutating func withMutableSpan<Result, Failure: Error>(
    _ range: Range<Int>? = nil, _ body: (inout MutableSpan<Float>) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let buffer = unsafe UnsafeMutableBufferPointer(rebasing: whole[checked(range)])
    var span = unsafe buffer.mutableSpan
    return try body(&span)
  }

  private var whole: UnsafeMutableBufferPointer<Float> {
    unsafe UnsafeMutableBufferPointer(start: unsafeBase, count: count)
  }

  // Slices of unsafe buffers check their bounds in debug builds only.
  private func checked(_ range: Range<Int>?) -> Range<Int> {
    let range = range ?? 0..<count
    precondition(range.lowerBound >= 0 && range.upperBound <= count, "\(range) leaves a buffer of \(count) floats")
    return range
  }
}
