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
