import Foundation

/// Bytes in memory of their own: asked for once, in their full length, and never copied. Where they cannot be had there
/// is an error; Swift's arrays would end the process.
@safe
final class HeldBytes: ByteStore, @unchecked Sendable {
  // Sendable, because the bytes are written only before the object is shared.

  let name: String
  let count: Int
  private let base: UnsafeMutableRawPointer

  /// `count` zero bytes (at least 1); messages call them `name`.
  init(name: String, count: Int) throws(DatasetError) {
    guard count <= Memory.available,
      let base = unsafe mmap(nil, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
      unsafe base != MAP_FAILED
    else {
      throw DatasetError(
        "\(name): unpacked it needs \(count) bytes of memory, which cannot be had; unpack it with gunzip, so that it is "
          + "read from the disk")
    }
    self.name = name
    self.count = count
    unsafe self.base = base
  }

  deinit { unsafe munmap(base, count) }

  /// Lends the bytes from `offset` on for writing, before the object is shared.
  func withBytes<Result, Failure: Error>(
    from offset: Int, _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    precondition((0...count).contains(offset), "a place beyond the bytes")
    return try unsafe body(UnsafeMutableRawBufferPointer(start: base + offset, count: count - offset))
  }

  func read(at offset: Int, into target: inout MutableSpan<UInt8>) throws(DatasetError) {
    guard offset >= 0, offset <= count, target.count <= count - offset else { throw pastEnd(offset, target.count) }
    let wanted = target.count
    // Checked: the bytes lie within both.
    unsafe target.withUnsafeMutableBytes { target in
      unsafe target.copyMemory(from: UnsafeRawBufferPointer(start: base + offset, count: wanted))
    }
  }
}
