import Foundation
import Synchronization

/// A system call that changes what is on the disk, as `Disk` and `OpenFile` make it; or waits until it is there.
package enum DiskCall: Hashable, Sendable {
  /// `mkdir`.
  case makeDirectory(String)
  /// `open` of a file for new contents, which makes it if it is missing.
  case create(String)
  /// `open` of a file for more contents, which makes it if it is missing.
  case append(String)
  /// One `write` of these bytes behind those that are there.
  case write(String, [UInt8])
  /// `ftruncate` to a number of bytes.
  case cut(String, Int)
  /// `fsync` of a file.
  case synchronize(String)
  /// `fsync` of a directory.
  case synchronizeDirectory(String)
  /// `rename`.
  case rename(String, to: String)
  /// `symlink`; the target is what the link holds.
  case link(String, target: String)
  /// `unlink` of a file or a link.
  case unlink(String)
  /// `rmdir`.
  case removeDirectory(String)
}

/// What becomes of a call.
package enum DiskOutcome: Sendable {
  /// It is made.
  case made
  /// Of an `fsync`: it is not made, and counts as done. Any other call is made.
  case unsynchronized
  /// It is not made, and fails with this error number.
  case failed(Int32)
  /// Of a `write`, at most so many bytes are written, as the system may do; any other call is made.
  case short(Int)
}

/// Decides on calls, for tests and for faults that are made on purpose.
package typealias DiskObserver = @Sendable (DiskCall) -> DiskOutcome

extension DiskCall {
  private static let isObserved = Atomic(false)
  private static let observers = Mutex<[String: DiskObserver]>([:])

  /// Has `observer` told of each call on what lies in `directory`, before it is made, while `body` runs. For tests;
  /// those that run at the same time have directories of their own.
  package static func observing(
    _ directory: String, _ observer: @escaping DiskObserver, while body: () throws -> Void
  ) rethrows {
    set(observer, directory)
    defer { set(nil, directory) }
    try body()
  }

  /// The same until the process ends.
  package static func observe(_ directory: String, _ observer: @escaping DiskObserver) { set(observer, directory) }

  private static func set(_ observer: DiskObserver?, _ directory: String) {
    observers.withLock {
      $0[directory] = observer
      isObserved.store(!$0.isEmpty, ordering: .relaxed)
    }
  }

  private var observer: DiskObserver? {
    Self.observers.withLock { all in
      all.first { path == $0.key || path.hasPrefix($0.key + "/") }?.value
    }
  }

  private var path: String {
    switch self {
    case .makeDirectory(let path), .create(let path), .append(let path), .write(let path, _), .cut(let path, _),
      .synchronize(let path), .synchronizeDirectory(let path), .rename(let path, to: _), .link(let path, target: _),
      .unlink(let path), .removeDirectory(let path):
      path
    }
  }

  private var isSynchronization: Bool {
    switch self {
    case .synchronize, .synchronizeDirectory: true
    case .makeDirectory, .create, .append, .write, .cut, .rename, .link, .unlink, .removeDirectory: false
    }
  }

  /// Makes a call unless the observer has it otherwise.
  ///
  /// - Parameters:
  ///   - call: what it does; only looked at if there is an observer.
  ///   - system: makes it.
  /// - Returns: the system's result, or -1 with `errno` set.
  static func perform(_ call: @autoclosure () -> DiskCall, _ system: () -> Int32) -> Int32 {
    guard isObserved.load(ordering: .relaxed) else { return system() }
    let call = call()
    guard let observer = call.observer else { return system() }
    switch observer(call) {
    case .made, .short: return system()
    case .unsynchronized: return call.isSynchronization ? 0 : system()
    case .failed(let code):
      errno = code
      return -1
    }
  }

  /// As `perform`, for a `write` of `count` bytes.
  ///
  /// - Parameter system: writes as many of the bytes as it is given.
  /// - Returns: how many were written, or -1 with `errno` set.
  static func performWrite(
    _ call: @autoclosure () -> DiskCall, count: Int, _ system: (Int) -> Int
  ) -> Int {
    guard isObserved.load(ordering: .relaxed) else { return system(count) }
    let call = call()
    guard let observer = call.observer else { return system(count) }
    switch observer(call) {
    case .made, .unsynchronized: return system(count)
    case .short(let most): return system(min(count, most))
    case .failed(let code):
      errno = code
      return -1
    }
  }
}
