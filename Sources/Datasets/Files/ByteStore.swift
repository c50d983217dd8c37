import Foundation

/// Bytes with positional access from any thread: a file on disk, or what was inflated into memory.
protocol ByteStore: Sendable {
  /// The file's name, for messages.
  var name: String { get }

  /// The number of bytes.
  var count: Int { get }

  /// Fills `target` with the bytes from `offset` on.
  func read(at offset: Int, into target: inout MutableSpan<UInt8>) throws(DatasetError)
}

extension ByteStore {
  /// The `length` bytes from `offset` on; the caller has bounded the length.
  func bytes(at offset: Int, _ length: Int) throws(DatasetError) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: length)
    var span = bytes.mutableSpan
    try read(at: offset, into: &span)
    return bytes
  }

  /// An error for a read that goes past the end.
  func pastEnd(_ offset: Int, _ length: Int) -> DatasetError {
    DatasetError(
      "\(name): truncated: \(length) bytes were expected at byte \(offset), but it ends at \(count); fetch it again",
      kind: .damage)
  }
}

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
        "\(name): unpacked it needs \(count) bytes of memory, which cannot be had; unpack it with gunzip, so that it "
          + "is read from the disk")
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

/// Large pieces of memory. Swift's arrays end the process when there is no memory for them.
enum Memory {
  private static let smallest = 1 << 24

  /// Fails, naming `purpose`, if `count` bytes in one piece cannot be had. Small pieces are not looked at.
  static func check(_ count: Int, for purpose: @autoclosure () -> String) throws(DatasetError) {
    guard count >= smallest else { return }
    guard count < 1 << 46, let piece = unsafe malloc(count) else { throw shortage(count, purpose()) }
    unsafe free(piece)
  }

  /// What can be allocated without harm to other programs, in bytes: what the kernel calls available.
  static var available: Int {
    let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
    let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return kibibytes.map { $0 << 10 } ?? Int(clamping: ProcessInfo.processInfo.physicalMemory)
  }

  /// The error of `check`.
  static func shortage(_ count: Int, _ purpose: String) -> DatasetError {
    DatasetError(
      "\(purpose): \(count) bytes of memory are needed in one piece and cannot be had; allow this process more memory")
  }
}
