internal import COpenBLAS
import Foundation
import Synchronization

/// The buffers into which OpenBLAS packs the operands of a product: one for each thread that computes products at once.
///
/// If the system refuses one, OpenBLAS asks forever (0.3.21, driver/others/memory.c), and the process hangs within a
/// product. So they are asked for beforehand, and kept.
enum ProductBuffers {
  /// The address space of a buffer, of which only the part that the operands fill becomes memory: BUFFER_SIZE in
  /// OpenBLAS's common_x86_64.h; builds for other processors have no larger one.
  static let byteCount = 128 << 20

  private static let held = Mutex<Int>(0)

  /// Lets OpenBLAS hold buffers for so many threads.
  ///
  /// - Throws: `KernelError.noProductBuffers` if the system refuses them.
  static func hold(_ threads: Int) throws(KernelError) {
    let missing = held.withLock { max(0, threads - $0) }
    guard missing > 0 else { return }
    guard areFree(missing) else {
      throw .noProductBuffers(threads: threads, bytes: missing * byteCount)
    }
    cob_hold_buffers(Int32(clamping: threads))
    held.withLock { $0 = max($0, threads) }
  }

  /// Whether the system would give so many buffers now: each asked for by itself, as OpenBLAS does, since a single
  /// large request is judged otherwise than many small ones.
  private static func areFree(_ buffers: Int) -> Bool {
    var taken: [UInt] = []
    defer { for address in taken { unsafe munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount) } }
    for _ in 0..<buffers {
      let memory = unsafe mmap(nil, byteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
      guard let memory = unsafe memory, unsafe memory != MAP_FAILED else { return false }
      taken.append(UInt(bitPattern: memory))
    }
    return true
  }
}
