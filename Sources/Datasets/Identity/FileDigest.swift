import Dispatch
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
  private static let patience: UInt64 = 2_000_000_000

  /// A digest that was computed before.
  init(sha256: String, isWhole: Bool) {
    self.sha256 = sha256
    self.isWhole = isWhole
  }

  /// Hashes a file; every two seconds `report` is told how far it is.
  init(of file: DiskFile, report: (String) -> Void) throws(DatasetError) {
    isWhole = file.count <= Self.wholeLimit
    var hash = SHA256()
    if !isWhole { hash.update("sampled \(file.count) \(Self.chunkCount) \(Self.chunkLength)\n") }
    var piece = [UInt8](repeating: 0, count: min(file.count, Self.chunkLength))
    let starts = Self.starts(of: file.count)
    var reported = DispatchTime.now().uptimeNanoseconds
    for (number, start) in starts.enumerated() {
      if piece.count > file.count - start { piece.removeLast(piece.count - (file.count - start)) }
      var span = piece.mutableSpan
      try file.read(at: start, into: &span)
      hash.update(piece.span)
      let now = DispatchTime.now().uptimeNanoseconds
      if now - reported > Self.patience {
        reported = now
        report("\(file.name): reading it for its digest, \((number + 1) * 100 / starts.count) % done")
      }
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
