package import Checkpoints
import StrictYAML

/// What may differ between a checkpoint and what is done with it: the one place that decides what is refused, what is
/// said, and what is of no account.
package enum ContinuationRules {
  /// What is done with a checkpoint.
  package enum Purpose: Sendable {
    /// The run goes on.
    case resume
    /// The test data is scored.
    case evaluate
    /// A step is computed again.
    case replay
  }

  private enum Verdict {
    /// It would mean something else.
    case refuse(remedy: String)
    /// It is possible, and the user should know.
    case say(consequence: String)
    /// It changes nothing.
    case ignore
  }

  /// Without these the checkpoint's tensors or the sample stream mean something else.
  private static let fixed = [
    "seed", "data.format", "data.hold-out", "data.size", "data.channels", "data.train-count", "train.global-batch",
    "train.micro-batch",
  ]
  /// These never reach the weights.
  private static let free = [
    "lanes", "train.recompute", "exchange.bucket", "exchange.timeout", "checkpoint", "evaluate", "verify", "data.cache",
    "data.test-count",
  ]
  /// Beside the data, these reach the scores.
  private static let scoring = ["seed", "train.loss", "train.micro-batch", "numerics", "kernels"]

  /// Sentences about what differs but is possible.
  ///
  /// - Parameters:
  ///   - purpose: what is done with the checkpoint.
  ///   - saved: the checkpoint's identity.
  ///   - now: what this process would compute with.
  ///   - checkpoint: the checkpoint's path, for messages.
  ///   - choosesData: whether the user has named data of their own, whose size may then differ from the run's.
  /// - Throws: `RunError` for the first difference that the checkpoint does not survive.
  package static func notices(
    _ purpose: Purpose, from saved: RunIdentity, to now: RunIdentity, checkpoint: String, choosesData: Bool = false
  ) throws(RunError) -> [String] {
    var notices: [String] = []
    for difference in saved.differences(to: now) {
      let change = "\(difference.name) changes from \(difference.before) to \(difference.after)"
      switch verdict(purpose, difference, choosesData) {
      case .refuse(let remedy): throw refusal(of: difference, checkpoint: checkpoint, remedy: remedy)
      case .say(let consequence): notices.append("\(change): \(consequence)")
      case .ignore: break
      }
    }
    return notices
  }

  /// The first difference that forbids a run of the identity `now` to go on from a checkpoint of the identity `saved`,
  /// in words; nil if there is none.
  static func obstacle(from saved: RunIdentity, to now: RunIdentity) -> String? {
    for difference in saved.differences(to: now) {
      guard case .refuse = verdict(.resume, difference, false) else { continue }
      return "\(difference.name) is \(difference.before) there and \(difference.after) in this run"
    }
    return nil
  }

  /// The error that refuses a difference between a checkpoint's data and today's of which no purpose can make anything.
  static func refusal(of difference: IdentityDifference, checkpoint: String) -> RunError {
    guard case .refuse(let remedy) = verdict(.resume, difference, false) else {
      preconditionFailure("\(difference.name) may differ")
    }
    return refusal(of: difference, checkpoint: checkpoint, remedy: remedy)
  }

  private static func refusal(of difference: IdentityDifference, checkpoint: String, remedy: String) -> RunError {
    RunError(
      .unusable,
      "\(difference.name): \(difference.before) in the run of \(checkpoint), \(difference.after) here; \(remedy)")
  }

  private static func verdict(_ purpose: Purpose, _ difference: IdentityDifference, _ choosesData: Bool) -> Verdict {
    switch difference.part {
    case .program, .kernels: .say(consequence: bits(purpose))
    case .classes: .refuse(remedy: "the outputs would mean other classes; restore the data and its class names")
    case .shape: .refuse(remedy: "restore the data, or set data.size and data.channels as they were")
    case .model: .refuse(remedy: "leave the model out to use the checkpoint's own, or start a new run")
    case .count(let split): count(purpose, split, choosesData)
    case .content(let split): content(purpose, split)
    case .key(let path): key(purpose, path)
    }
  }

  private static func bits(_ purpose: Purpose) -> String {
    switch purpose {
    case .resume: "the bits may differ from an undisturbed run from here on"
    case .evaluate: "the last digits of the scores may differ"
    case .replay: "the digests may differ"
    }
  }

  private static func count(_ purpose: Purpose, _ split: IdentityDifference.Split, _ choosesData: Bool) -> Verdict {
    switch (purpose, split) {
    case (.evaluate, .train), (.replay, .test): .say(consequence: "it does not count here")
    case (.resume, .test): .say(consequence: "scores before and after cannot be compared")
    case (.evaluate, .test):
      choosesData
        ? .say(consequence: "the score is that of other samples")
        : .refuse(remedy: "restore the data, or name it with --set data.path=… to score it as it is")
    case (.resume, .train), (.replay, .train):
      .refuse(remedy: "the steps would see other samples; restore the data or start a new run")
    }
  }

  private static func content(_ purpose: Purpose, _ split: IdentityDifference.Split) -> Verdict {
    switch (purpose, split) {
    case (.resume, .train): .say(consequence: "from here on the weights differ from an undisturbed run's")
    case (.resume, .test): .say(consequence: "scores before and after cannot be compared")
    case (.evaluate, .test): .say(consequence: "the score is that of other images")
    case (.evaluate, .train), (.replay, .test): .say(consequence: "it does not count here")
    case (.replay, .train): .say(consequence: "the digests differ where a changed image takes part")
    }
  }

  private static func key(_ purpose: Purpose, _ path: String) -> Verdict {
    if matches(path, free) { return .ignore }
    switch purpose {
    case .resume:
      return matches(path, fixed)
        ? .refuse(remedy: "resume without that change or start a new run")
        : .say(consequence: "from here on the weights differ from the first run's")
    case .evaluate:
      guard path.hasPrefix("data.") || matches(path, scoring) else { return .ignore }
      let choosesSamples = ["seed", "data.hold-out", "data.train-count"].contains(path)
      return .say(
        consequence: choosesSamples ? "images that the run was trained on may be scored" : "the score may differ")
    case .replay: return .say(consequence: "the digests differ")
    }
  }

  private static func matches(_ path: String, _ list: [String]) -> Bool {
    list.contains { path == $0 || path.hasPrefix($0 + ".") }
  }
}
