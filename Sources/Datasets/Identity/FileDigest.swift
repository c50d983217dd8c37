import Hashing

/// The SHA-256 of a file's bytes, or of its size and a fixed choice of them.
struct FileDigest: Hashable, Sendable {
  /// In hexadecimal.
  let sha256: String
  /// Whether it covers every byte.
  let isWhole: Bool

  /// Files up to this many bytes are hashed whole.
  static let wholeLimit = 1 << 30
  /// Of longer ones so many chunks of `chunkLength` bytes, evenly spread, the first and the last at their ends.
  static let chunkCount = 1024
  static let chunkLength = 1 << 18

  /// Hashes a file.
  init(of file: borrowing DiskFile) throws(DatasetError) {
    isWhole = file.count <= Self.wholeLimit
    var hash = SHA256()
    if !isWhole { hash.update("sampled \(file.count) \(Self.chunkCount) \(Self.chunkLength)\n") }
    var piece = [UInt8](repeating: 0, count: min(file.count, Self.chunkLength))
    for start in Self.starts(of: file.count) {
      if piece.count > file.count - start { piece.removeLast(piece.count - (file.count - start)) }
      var span = piece.mutableSpan
      try file.read(at: start, into: &span)
      hash.update(piece.span)
    }
    sha256 = hash.finish()
  }

  /// Where the chunks of a file of `count` bytes start, in ascending order.
  private static func starts(of count: Int) -> [Int] {
    if count <= wholeLimit { return Array(stride(from: 0, to: count, by: chunkLength)) }
    let (step, rest) = (count - chunkLength).quotientAndRemainder(dividingBy: chunkCount - 1)
    return (0..<chunkCount).map { $0 * step + $0 * rest / (chunkCount - 1) }
  }
}
