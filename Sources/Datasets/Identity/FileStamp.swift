import Foundation

/// What the file system says about a file whenever its bytes may have changed: which file it is, how long, and the
/// times of its last changes in nanoseconds.
struct FileStamp: Hashable, Sendable {
  private let numbers: [Int64]
  private let changedAt: Int64

  /// How long a file must have been left alone before its times tell it from its next version, in seconds: file
  /// systems keep times as coarsely as that.
  private static let settlingSeconds: Int64 = 2

  /// The stamp of an open file; nil if there is none.
  init?(descriptor: Int32) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { return nil }
    let (modified, changed) = (status.st_mtim, status.st_ctim)
    numbers = [
      Int64(truncatingIfNeeded: status.st_dev), Int64(truncatingIfNeeded: status.st_ino), Int64(status.st_size),
      Int64(modified.tv_sec), Int64(modified.tv_nsec), Int64(changed.tv_sec), Int64(changed.tv_nsec),
    ]
    changedAt = max(Int64(modified.tv_sec), Int64(changed.tv_sec))
  }

  /// Whether a later change would show in the times.
  var isSettled: Bool { Int64(time(nil)) - changedAt > Self.settlingSeconds }

  /// The stamp as one line.
  var line: String { numbers.map(String.init).joined(separator: " ") }

  /// A file name that tells one file of this machine from another.
  var fileName: String { "\(UInt64(bitPattern: numbers[0]))-\(UInt64(bitPattern: numbers[1]))" }
}
