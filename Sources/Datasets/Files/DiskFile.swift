import Foundation
import Synchronization

/// An open file. Reads name their position, so that threads can share it.
final class DiskFile: ByteStore {
  let name: String
  let count: Int
  private let descriptor: Int32
  private let known = Mutex<FileDigest?>(nil)

  /// Opens the regular file at `path`; messages call it `name`.
  init(path: String, name: String) throws(DatasetError) {
    let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else {
      throw DatasetError("\(name): cannot be opened (\(FileTree.reason(errno))); check data.path \(path)")
    }
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(descriptor)
      throw DatasetError("\(name): is not a file; check data.path \(path)")
    }
    self.name = name
    self.descriptor = descriptor
    count = Int(status.st_size)
  }

  deinit { close(descriptor) }

  /// The digest of the bytes; computed once.
  func digest() throws(DatasetError) -> FileDigest {
    if let known = known.withLock({ $0 }) { return known }
    let digest = try FileDigest(of: self)
    known.withLock { $0 = digest }
    return digest
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
