import Checkpoints

/// Whether a launch tries again after a failure, and when.
package struct RestartPolicy: Sendable {
  /// What follows a failure.
  package enum Decision: Hashable, Sendable {
    /// Another try after so many seconds.
    case restart(after: Double)
    /// The end, and why.
    case giveUp(String)
  }

  /// Seconds of the longest pause.
  private static let longest = 60.0

  /// Restarts in all.
  package let limit: Int
  /// Restarts so far.
  package private(set) var restarts = 0
  private var pause = 1.0
  private var last: Failure?

  /// At most so many restarts.
  package init(limit: Int) { self.limit = limit }

  /// Decides about a failure.
  ///
  /// - Parameters:
  ///   - failure: why the last try has failed.
  ///   - hasProgressed: whether that try has committed a checkpoint; the pauses then begin anew.
  package mutating func decide(_ failure: Failure, hasProgressed: Bool) -> Decision {
    defer { last = failure }
    if limit == 0 { return .giveUp("no restart was asked for (--max-restarts 0)") }
    if let last, last.isRepeated(by: failure) {
      let step = failure.step.map { "step \($0)" } ?? "it"
      return .giveUp("\(step) has failed twice in the same way, so that another try would, too")
    }
    guard restarts < limit else { return .giveUp("all \(limit) restarts are used up (--max-restarts)") }
    restarts += 1
    if hasProgressed { pause = 1 }
    defer { pause = min(2 * pause, Self.longest) }
    return .restart(after: pause)
  }
}
