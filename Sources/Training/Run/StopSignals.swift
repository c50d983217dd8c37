import Foundation
import Synchronization

/// What the operating system has asked for: SIGINT, SIGTERM, SIGHUP and SIGUSR2 mean save and stop, SIGUSR1 means save
/// and go on.
///
/// SIGUSR2 is there for `kill -USR2` on mpirun, which passes it on to all ranks at once. SIGINT and SIGTERM it follows
/// itself: SIGTERM to the ranks after a second, and SIGKILL a second later.
///
/// The signals are caught by handlers, not by a queue: a process that cannot start a thread any more, or hangs within a
/// library, must still end when it is told to.
package struct StopSignals: Sendable {
  /// What the process has been asked for; the handlers of signals keep it for all values of this type.
  package init() {}

  /// Starts to listen, for the whole process. Until `beginSteps` a wish to stop ends the process at once, since there
  /// is nothing to save; from then on it waits for the end of a step. A second SIGINT or SIGTERM ends the process at
  /// once in any case, without saving.
  package func listen() {
    ReceivedSignals.reset()
    for number in [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2] {
      let before = signal(number) { ReceivedSignals.receive($0) }
      // nohup: the run is meant to outlive its terminal.
      if number == SIGHUP, Self.isIgnored(before) { signal(SIGHUP, SIG_IGN) }
    }
    Self.unblock([SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2])
    // A full quota must come back as an error of write, not end the process.
    signal(SIGXFSZ, SIG_IGN)
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

  /// Steps begin: from now on there is something to save.
  package func beginSteps() { ReceivedSignals.isTraining.store(true, ordering: .relaxed) }

  /// Whether a stop has been asked for, here or by the launcher.
  static var isStopAsked: Bool { ReceivedSignals.firstStop.load(ordering: .relaxed) != 0 }

  /// The wishes since the last call; a wish to stop stays.
  func votes() -> Votes {
    var votes = Votes()
    votes.stop = ReceivedSignals.firstStop.load(ordering: .relaxed) != 0
    votes.save = ReceivedSignals.save.exchange(false, ordering: .relaxed)
    return votes
  }
}

/// What handlers of signals leave behind. A handler may interrupt anything, so it touches nothing but atomics, the
/// clock and `_exit`.
private enum ReceivedSignals {
  /// When a stop was asked for first, in nanoseconds of the monotonic clock; 0 as long as none was.
  static let firstStop = Atomic<UInt64>(0)
  static let save = Atomic<Bool>(false)
  static let isTraining = Atomic<Bool>(false)

  /// Wishes closer together than this are one: `timeout` and shells send a signal to a process and to its group, and
  /// the end of a session brings SIGTERM and SIGHUP.
  private static let together: UInt64 = 100_000_000

  /// Nothing was asked for. Also touches every variable, so that no handler is the first to.
  static func reset() {
    firstStop.store(0, ordering: .relaxed)
    save.store(false, ordering: .relaxed)
    isTraining.store(false, ordering: .relaxed)
    Screen.eraseInHandler()
  }

  /// What a handler does.
  static func receive(_ number: Int32) {
    guard number != SIGUSR1 else { return save.store(true, ordering: .relaxed) }
    let now = max(1, nanoseconds())
    let (isFirst, first) = firstStop.compareExchange(expected: 0, desired: now, ordering: .relaxed)
    let insists = (number == SIGINT || number == SIGTERM) && !isFirst && now - min(first, now) > together
    // As a shell tells the end by a signal.
    if insists || !isTraining.load(ordering: .relaxed) {
      Screen.eraseInHandler()
      _exit(128 + number)
    }
  }

  private static func nanoseconds() -> UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
