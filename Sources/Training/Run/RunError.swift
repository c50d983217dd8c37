package import Collectives

/// Why a command ends without success: one sentence and an exit code.
package struct RunError: Error, CustomStringConvertible, Equatable {
  /// What the shell is told.
  package enum Code: Int32, Sendable {
    /// It failed while running.
    case failed = 1
    /// Arguments, configuration or input cannot be used; nothing was done.
    case unusable = 2
    /// It was asked to stop, and saved first.
    case stopped = 3
    /// The process of a rank is gone; `FailureRecord.died`, too.
    case died = 4
    /// A rank does nothing any more, or cannot be reached.
    case hung = 5
    /// The loss or a gradient is not finite; the state before the step is saved.
    case notFinite = 6
    /// A rank computes wrongly.
    case miscomputed = 7
  }

  /// What the shell is told.
  package let code: Code
  /// One sentence, or one for each rank with a problem of its own.
  package let description: String
  /// Whether all ranks end with this error, so that one of them is enough to report it and none has to be aborted.
  package var isCollective = false
  /// Whether the sentence has been printed, here or on another rank.
  package var isReported = false

  /// An error with the given sentence.
  package init(_ code: Code, _ description: String, isCollective: Bool = false) {
    self.code = code
    self.description = description
    self.isCollective = isCollective
  }

  /// Ends the computing of a step that is given up; it never reaches a user.
  static let stepGivenUp = RunError(.stopped, "the step is given up")

  /// An unusable input, from an error that already is one sentence.
  package static func unusable(_ error: any Error) -> RunError {
    (error as? RunError) ?? RunError(.unusable, "\(error)")
  }

  /// A failure while running, from an error that already is one sentence.
  package static func failed(_ error: any Error) -> RunError { (error as? RunError) ?? RunError(.failed, "\(error)") }

  /// The result of `body`; what it throws is an unusable input.
  package static func asUnusable<Result>(_ body: () throws -> Result) throws(RunError) -> Result {
    do { return try body() } catch { throw .unusable(error) }
  }

  /// The result of `body`; what it throws is a failure while running.
  package static func asFailed<Result>(_ body: () throws -> Result) throws(RunError) -> Result {
    do { return try body() } catch { throw .failed(error) }
  }
}

extension Communicator {
  /// The result of `body`, which talks to other ranks; what it throws is a failure while running that names this rank.
  package func asFailed<Result>(_ body: () throws -> Result) throws(RunError) -> Result {
    do { return try body() } catch { throw RunError(.failed, "rank \(rank): \(error)") }
  }
}
