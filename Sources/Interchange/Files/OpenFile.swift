import Foundation

/// An open file, closed when its owner goes. All methods may be called from any thread.
package struct OpenFile: ~Copyable, Sendable {
  /// What a file is opened for.
  package enum Access: Sendable {
    /// To read what is there. Only regular files are opened: a pipe would wait for ever.
    case reading
    /// To write new contents from the start.
    case replacing
    /// To write behind what is there.
    case appending
  }

  /// The path it was opened by.
  package let path: String
  private let descriptor: Int32

  private init(path: String, descriptor: Int32) {
    self.path = path
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Opens the file at `path`; where it is written to it is created if missing, and a symbolic link there is an error:
  /// whoever made it chose a place that the caller has not.
  package static func at(_ path: String, for access: Access) throws(FileError) -> OpenFile {
    let flags =
      switch access {
      case .reading: O_RDONLY | O_NONBLOCK
      case .replacing: O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW
      case .appending: O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW
      }
    let descriptor =
      switch access {
      case .reading: unsafe open(path, flags | O_CLOEXEC)
      case .replacing: DiskCall.perform(.create(path)) { unsafe open(path, flags | O_CLOEXEC, 0o666) }
      case .appending: DiskCall.perform(.append(path)) { unsafe open(path, flags | O_CLOEXEC, 0o666) }
      }
    guard descriptor >= 0 else {
      guard errno == ELOOP else { throw FileError("opened", path) }
      throw FileError("opened", path, reason: "it is a symbolic link, which is not followed for writing; remove it")
    }
    let file = OpenFile(path: path, descriptor: descriptor)
    if case .reading = access, try file.status().st_mode & S_IFMT != S_IFREG {
      throw FileError("read", path, reason: "it is not a regular file")
    }
    return file
  }

  /// The number of bytes the file holds.
  package func count() throws(FileError) -> Int { Int(try status().st_size) }

  /// Writes all of `bytes`.
  package func write(_ bytes: [UInt8]) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let written = unsafe bytes.withUnsafeBytes { all in
        let rest = unsafe UnsafeRawBufferPointer(rebasing: all[done...])
        return Self.retrying {
          unsafe DiskCall.performWrite(.write(path, [UInt8](rest)), count: rest.count) { most in
            unsafe systemWrite(descriptor, UnsafeRawBufferPointer(rebasing: rest.prefix(most)))
          }
        }
      }
      guard written >= 0 else { throw FileError("written", path) }
      done += written
    }
  }

  /// The bytes of the whole file, or of `range` of it; a range that the file does not hold is an error.
  package func read(_ range: Range<Int>? = nil) throws(FileError) -> [UInt8] {
    let range = if let range { range } else { 0..<(try count()) }
    guard Self.hasMemory(range.count) else {
      throw FileError("read", path, reason: "there is no memory for \(range.count) bytes (ulimit -v)")
    }
    var failure: Int32?
    let bytes = unsafe [UInt8](unsafeUninitializedCapacity: range.count) { buffer, count in
      while count < range.count {
        let rest = unsafe UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[count...])
        let got = Self.retrying { unsafe systemRead(descriptor, rest, at: range.lowerBound + count) }
        if got < 0 { failure = errno }
        if got <= 0 { return }
        count += got
      }
    }
    if let failure { throw FileError("read", path, code: failure) }
    guard bytes.count == range.count else {
      throw FileError("read", path, reason: "it ends before byte \(range.upperBound)")
    }
    return bytes
  }

  // An array that cannot have its memory ends the process.
  private static func hasMemory(_ count: Int) -> Bool {
    let memory = unsafe malloc(count)
    defer { unsafe free(memory) }
    return unsafe count == 0 || memory != nil
  }

  /// Cuts the file after `count` bytes.
  package func cut(to count: Int) throws(FileError) {
    let result = DiskCall.perform(.cut(path, count)) { ftruncate(descriptor, off_t(count)) }
    guard result == 0 else { throw FileError("cut", path) }
  }

  /// Takes the one lock that a file has, until the file is closed; false if another process holds it.
  package func lock() throws(FileError) -> Bool {
    if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { return true }
    guard errno == EWOULDBLOCK else { throw FileError("locked", path) }
    return false
  }

  /// Waits until the contents are on the disk (`fsync`).
  package func synchronize() throws(FileError) {
    let result = DiskCall.perform(.synchronize(path)) { fsync(descriptor) }
    guard result == 0 else { throw FileError("synchronized", path) }
  }

  private func status() throws(FileError) -> stat {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0 else { throw FileError("examined", path) }
    return status
  }

  /// Repeats a call that a signal interrupted.
  private static func retrying(_ call: () -> Int) -> Int {
    while true {
      let result = call()
      if result >= 0 || errno != EINTR { return result }
    }
  }
}

// Linux moves at most 2^31 - 4096 bytes in a call; less keeps the arithmetic plain.
private let largestTransfer = 1 << 30

private func systemWrite(_ descriptor: Int32, _ bytes: UnsafeRawBufferPointer) -> Int {
  unsafe write(descriptor, bytes.baseAddress, min(bytes.count, largestTransfer))
}

private func systemRead(_ descriptor: Int32, _ bytes: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
  unsafe pread(descriptor, bytes.baseAddress, min(bytes.count, largestTransfer), off_t(offset))
}
