import Foundation
import Synchronization

/// An open file. Reads name their position, so that threads can share it.
final class DiskFile: ByteStore {
  let name: String
  let count: Int
  private let descriptor: Int32
  /// SEEK_DATA of lseek(2) on Linux, which the C library shows to GNU programs only.
  private static let seekData: Int32 = 3
  private let known = Mutex<FileDigest?>(nil)

  /// Opens the regular file at `path`; messages call it `name`.
  init(path: FileName, name: String) throws(DatasetError) {
    // Without O_NONBLOCK a pipe would wait here for a writer.
    let descriptor = unsafe open(FileTree.cString(path), O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else {
      throw DatasetError("\(name): cannot be opened (\(FileTree.reason(errno))); check data.path \(path.text)")
    }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw DatasetError("\(name): is not a file; check data.path \(path.text)")
    }
    self.name = name
    self.descriptor = descriptor
    count = Int(status.st_size)
  }

  /// Opens the regular file at `path`; messages call it `name`.
  convenience init(path: String, name: String) throws(DatasetError) { try self.init(path: FileName(path), name: name) }

  deinit { close(descriptor) }

  /// What the file system says about the file now.
  var stamp: FileStamp? { FileStamp(descriptor: descriptor) }

  /// The digest of the bytes; computed once. `report` is told when that takes long.
  func digest(report: (String) -> Void) throws(DatasetError) -> FileDigest {
    if let known = known.withLock({ $0 }) { return known }
    let digest = try DigestCache.ofUser.digest(of: self, report: report)
    known.withLock { $0 = digest }
    return digest
  }

  /// The first place from `offset` on that is no hole of the file; `count` if there is none. Where the file system does
  /// not tell, every place counts as data.
  func data(from offset: Int) -> Int {
    let place = lseek(descriptor, off_t(offset), Self.seekData)
    if place >= 0 { return min(Int(place), count) }
    return errno == ENXIO ? count : offset
  }

  func read(at offset: Int, into target: inout MutableSpan<UInt8>) throws(DatasetError) {
    let wanted = target.count
    guard offset >= 0, wanted <= count, offset <= count - wanted else { throw pastEnd(offset, wanted) }
    var done = 0
    while done < wanted {
      // The bytes from `done` on lie inside the span.
      let received = unsafe target.withUnsafeMutableBytes { bytes in
        unsafe pread(descriptor, bytes.baseAddress.map { unsafe $0 + done }, wanted - done, off_t(offset + done))
      }
      if received < 0, errno == EINTR { continue }
      guard received >= 0 else {
        throw DatasetError("\(name): cannot be read at byte \(offset + done): \(FileTree.reason(errno))")
      }
      guard received > 0 else { throw pastEnd(offset, wanted) }
      done += received
    }
  }
}
