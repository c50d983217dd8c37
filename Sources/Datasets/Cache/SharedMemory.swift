import Foundation

/// Zeroed memory that several processes of one machine can see. It has no name: it ends with the last process that
/// holds it, however that ends.
///
/// The bytes are shared without a lock; `ImageCache` says when which of them may be touched.
///
/// Sources: POSIX.1-2017, shm_open, posix_fallocate, mmap; proc(5), "/proc/pid/fd".
@safe
package final class SharedMemory: @unchecked Sendable {
  /// Where another process of this machine finds the memory: a file without a name, by the descriptor that a living
  /// process holds, and what proves that it is the one that was meant.
  package struct Address: Hashable, Sendable, Codable {
    let process: Int32
    let descriptor: Int32
    let device: UInt64
    let inode: UInt64
    let count: Int

    /// Whether both lead to the same memory, perhaps by way of different processes.
    package func isSame(as other: Address) -> Bool { device == other.device && inode == other.inode }
  }

  /// What is left free where shared memory lies, in bytes.
  private static let reserve = 64 << 20

  /// The memory, from its first byte on.
  let base: UnsafeMutableRawPointer
  /// The number of bytes.
  package let count: Int
  private let descriptor: Int32

  /// Where the other processes of this machine find it.
  package let address: Address

  /// Takes over an open descriptor, and closes it if the memory cannot be mapped.
  private init(mapping descriptor: Int32, count: Int) throws(DatasetError) {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG, Int(status.st_size) == count,
      let memory = unsafe mmap(nil, count, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0),
      unsafe memory != MAP_FAILED
    else {
      let reason = FileTree.reason(errno)
      close(descriptor)
      throw Self.failure(count, reason)
    }
    unsafe base = memory
    self.count = count
    self.descriptor = descriptor
    address = Address(
      process: getpid(), descriptor: descriptor, device: UInt64(status.st_dev), inode: UInt64(status.st_ino),
      count: count)
  }

  deinit {
    unsafe munmap(base, count)
    close(descriptor)
  }

  /// New memory of `count` bytes (at least 1). All of it is set aside at once: a write never fails later.
  package static func create(count: Int) throws(DatasetError) -> SharedMemory {
    let name = "/cnn-dist-\(getpid())-\(UInt64.random(in: 0...UInt64.max))"
    let descriptor = unsafe shm_open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR)
    guard descriptor >= 0 else { throw failure(count, FileTree.reason(errno)) }
    unsafe shm_unlink(name)
    let code = leavesRoom(descriptor, count: count) ? posix_fallocate(descriptor, 0, off_t(count)) : ENOSPC
    guard code == 0 else {
      close(descriptor)
      throw failure(count, FileTree.reason(code))
    }
    return try SharedMemory(mapping: descriptor, count: count)
  }

  /// MPI keeps its messages between processes in the same place, and fails hard when there is no room for them.
  private static func leavesRoom(_ descriptor: Int32, count: Int) -> Bool {
    var status = statvfs()
    guard unsafe fstatvfs(descriptor, &status) == 0 else { return false }
    return Int(status.f_bavail) * Int(status.f_bsize) - count >= reserve
  }

  /// The memory that another process of this machine has created and still holds.
  package static func open(_ address: Address) throws(DatasetError) -> SharedMemory {
    let path = "/proc/\(address.process)/fd/\(address.descriptor)"
    // Whatever has this place by now must not hold us up.
    let descriptor = unsafe Foundation.open(path, O_RDWR | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(address.count, FileTree.reason(errno)) }
    let memory = try SharedMemory(mapping: descriptor, count: address.count)
    guard memory.address.isSame(as: address) else {
      throw failure(address.count, "process \(address.process) lives on another machine")
    }
    return memory
  }

  private static func failure(_ count: Int, _ reason: String) -> DatasetError {
    DatasetError(
      "\(count) bytes of shared memory for decoded images cannot be had (\(reason)); enlarge /dev/shm or lower "
        + "data.cache")
  }
}
