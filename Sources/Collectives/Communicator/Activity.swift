internal import Synchronization

/// What the main thread of a rank is doing, for whoever watches over the ranks: written by that thread with plain
/// stores, read by others at any time. What is read may be torn between two moments, which a report can bear.
package final class Activity: Sendable {
  /// The kinds of work.
  package enum Phase: UInt8, Sendable {
    /// Before the first step, or between steps.
    case settingUp
    /// An instruction of a micro-batch.
    case computing
    /// Waiting for samples.
    case reading
    /// Waiting for a message of another rank.
    case waiting
    /// Scoring the test data.
    case evaluating
    /// Writing a checkpoint or waiting until one is written.
    case saving
  }

  private let word = Atomic<UInt64>(0)
  /// What was being done when the waiting began.
  private let interrupted = Atomic<UInt64>(0)
  private let steps = Atomic<Int>(-1)
  private let count = Atomic<UInt64>(0)

  /// Nothing has happened yet.
  package init() {}

  /// Something new is done: the watcher sees progress.
  ///
  /// - Parameter subject: an instruction's index while computing.
  package func begin(_ phase: Phase, subject: Int = 0) {
    word.store(Self.pack(phase, subject, 0), ordering: .relaxed)
    advance()
  }

  /// Says what is waited for, which is no progress.
  func wait(for peer: Int, tag: Int) {
    let now = word.load(ordering: .relaxed)
    if !Self.isWaiting(now) { interrupted.store(now, ordering: .relaxed) }
    word.store(Self.pack(.waiting, tag, peer), ordering: .relaxed)
  }

  /// Something has moved: what was interrupted by waiting goes on.
  func advance() {
    count.store(count.load(ordering: .relaxed) &+ 1, ordering: .relaxed)
    guard Self.isWaiting(word.load(ordering: .relaxed)) else { return }
    word.store(interrupted.load(ordering: .relaxed), ordering: .relaxed)
  }

  private static func isWaiting(_ word: UInt64) -> Bool { UInt8(truncatingIfNeeded: word) == Phase.waiting.rawValue }

  /// A step begins.
  package func begin(step: Int) {
    steps.store(step, ordering: .relaxed)
    advance()
  }

  /// What is being done at this moment.
  package var snapshot: Snapshot {
    let bits = word.load(ordering: .relaxed)
    return Snapshot(
      phase: Phase(rawValue: UInt8(truncatingIfNeeded: bits)) ?? .settingUp,
      subject: Int(bits >> 8 & 0xFFFF_FFFF), peer: Int(bits >> 40), step: steps.load(ordering: .relaxed),
      progress: count.load(ordering: .relaxed))
  }

  private static func pack(_ phase: Phase, _ subject: Int, _ peer: Int) -> UInt64 {
    UInt64(phase.rawValue) | UInt64(UInt32(truncatingIfNeeded: subject)) << 8
      | UInt64(UInt32(truncatingIfNeeded: peer)) << 40
  }

  /// What a rank was doing at a moment.
  package struct Snapshot: Hashable, Sendable {
    /// The kind of work.
    package var phase: Phase
    /// An instruction's index while computing, a message's tag while waiting.
    package var subject: Int
    /// The awaited rank while waiting.
    package var peer: Int
    /// The step; -1 before the first.
    package var step: Int
    /// A number that grows with everything that is done.
    package var progress: UInt64

    /// What a rank was doing.
    package init(phase: Phase, subject: Int = 0, peer: Int = 0, step: Int = -1, progress: UInt64 = 0) {
      self.phase = phase
      self.subject = subject
      self.peer = peer
      self.step = step
      self.progress = progress
    }
  }
}
