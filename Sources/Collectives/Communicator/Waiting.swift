internal import Foundation

/// A time after which waiting gives up. Tests set one; a production run has none, since only MPI knows whether a
/// silent peer is dead or slow.
package struct Deadline: Sendable {
  private let instant: ContinuousClock.Instant
  private let awaited: String

  /// A deadline `duration` from now; `awaited` names what is waited for in the error.
  package init(after duration: Duration, awaited: String) {
    self.instant = ContinuousClock.now + duration
    self.awaited = awaited
  }

  /// Throws once the deadline has passed.
  package func check() throws(CommunicationError) {
    if ContinuousClock.now > instant { throw .overdue(awaited: awaited) }
  }
}

/// What to do between two polls that found nothing.
///
/// Few ranks on many cores want an answer within a microsecond, so the first polls follow at once. With more ranks
/// than cores the awaited peer may need this very core, so later polls give it away, and still later ones sleep.
package struct Backoff: Sendable {
  private static let spins = 100
  private static let yields = 1_000
  /// So many idle polls are a pause that is worth a word: a few milliseconds.
  private static let longPause = 1_120
  private var idlePolls = 0

  /// Starts with the shortest pause.
  package init() {}

  /// Something moved: the next pause is the shortest again.
  package mutating func reset() { idlePolls = 0 }

  /// Waits like `pause`, and lets those who watch know what a long wait is for.
  mutating func pause(_ communicator: any Communicator) {
    if idlePolls == Self.longPause, let (peer, tag) = communicator.awaited {
      communicator.activity.wait(for: peer, tag: tag)
    }
    pause()
  }

  /// Waits longer each time, at most 200 µs.
  package mutating func pause() {
    idlePolls += 1
    if idlePolls <= Self.spins { return }
    if idlePolls <= Self.spins + Self.yields {
      sched_yield()
    } else {
      let doublings = min(idlePolls - Self.spins - Self.yields - 1, 4)
      usleep(min(20 << UInt32(doublings), 200))
    }
  }
}

extension Communicator {
  /// Waits until all requests of `group` are complete.
  package func wait(group: Int, deadline: Deadline? = nil) throws(CommunicationError) {
    var backoff = Backoff()
    while pending(group: group) > 0 {
      if try progress() {
        backoff.reset()
        activity.advance()
      } else {
        try deadline?.check()
        backoff.pause(self)
      }
    }
  }
}
