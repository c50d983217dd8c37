import Foundation
import Synchronization

/// Signals as messages: handlers write the number into a pipe, which the loop of the supervisor reads.
package struct SignalInbox: Sendable {
  /// Can be read when a signal has come.
  package let descriptor: Int32

  /// Where the handlers write; a handler may touch nothing but atomics and `write`.
  private static let writing = Atomic<Int32>(-1)

  /// Catches SIGINT, SIGTERM, SIGHUP, SIGUSR1 and SIGUSR2 for the whole process. SIGHUP stays ignored where it is
  /// (nohup): the run is meant to outlive its terminal.
  package init() throws(LaunchError) {
    let pipe = try Pipe()
    descriptor = pipe.reading
    for end in [pipe.reading, pipe.writing] { _ = fcntl(end, F_SETFL, O_NONBLOCK) }
    Self.writing.store(pipe.writing, ordering: .relaxed)
    let numbers = [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2]
    for number in numbers {
      let before = signal(number) { SignalInbox.note($0) }
      if number == SIGHUP, Self.isIgnored(before) { signal(SIGHUP, SIG_IGN) }
    }
    Self.unblock(numbers)
  }

  /// A program inherits which signals its parent has blocked, and a thread of Dispatch that starts it blocks all.
  private static func unblock(_ numbers: [Int32]) {
    var mask = sigset_t()
    unsafe sigemptyset(&mask)
    for number in numbers { unsafe sigaddset(&mask, number) }
    unsafe pthread_sigmask(SIG_UNBLOCK, &mask, nil)
  }

  // SIG_IGN is the address 1 in the place of a function.
  private static func isIgnored(_ handler: (@convention(c) (Int32) -> Void)?) -> Bool {
    unsafe unsafeBitCast(handler, to: Int.self) == 1
  }

  private static func note(_ number: Int32) {
    let error = errno
    var byte = UInt8(truncatingIfNeeded: number)
    _ = unsafe write(writing.load(ordering: .relaxed), &byte, 1)
    errno = error
  }

  /// The signals since the last call, in order.
  package func received() -> [Int32] {
    guard !Pipe.wait(for: [descriptor], milliseconds: 0).isEmpty else { return [] }
    return Pipe.read(descriptor).map { Int32($0) }
  }
}

/// What the signals that have come ask for.
package struct StopRequests: Sendable {
  /// What a signal asks for.
  package enum Wish: Hashable, Sendable {
    /// To save and stop.
    case stop
    /// To end everything now.
    case endNow
    /// To save and go on.
    case save
    /// Nothing new.
    case nothing
  }

  /// Signals closer together than this are one: `timeout` and shells send a signal to a process and to its group, and
  /// the end of a session brings SIGTERM and SIGHUP.
  private static let together = Duration.milliseconds(100)

  /// The first signal that asked to stop, and when.
  package private(set) var first: (number: Int32, at: ContinuousClock.Instant)?

  /// No signal has come.
  package init() {}

  /// What a signal at this moment asks for.
  package mutating func wish(_ number: Int32, at now: ContinuousClock.Instant = .now) -> Wish {
    if number == SIGUSR1 { return .save }
    guard let first else {
      self.first = (number, now)
      return .stop
    }
    let insists = number == SIGINT || number == SIGTERM
    return insists && now - first.at > Self.together ? .endNow : .nothing
  }
}
