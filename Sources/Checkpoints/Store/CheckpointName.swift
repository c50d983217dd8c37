import Foundation

/// The names that occur in a directory of checkpoints. Hidden ones belong to a commit that is under way, or was when
/// the process was killed.
enum CheckpointName {
  /// The link to the checkpoint committed last.
  static let latest = "latest"
  /// The link to the checkpoint with the best test accuracy.
  static let best = "best"

  private static let prefix = "step-"
  private static let draftPrefix = ".writing-"
  private static let replacedPrefix = ".replaced-"
  private static let damagedPrefix = "damaged-"
  private static let retiredPrefix = ".removing-"

  /// The name of the checkpoint of a step: `step-0000391`.
  static func of(step: Int) -> String { prefix + String(format: "%07d", step) }

  /// The step of a name, if it is one that `of(step:)` gives.
  static func step(of name: String) -> Int? {
    guard name.hasPrefix(prefix), let step = Int(name.dropFirst(prefix.count)), step >= 0 else { return nil }
    return of(step: step) == name ? step : nil
  }

  /// Under which `name` is written, before it is whole.
  static func draft(of name: String) -> String { draftPrefix + name }

  /// Under which the former checkpoint of that name stands while a new one takes its place. It is whole.
  static func replaced(_ name: String) -> String { replacedPrefix + name }

  /// The name of the checkpoint that was set aside as `hidden`.
  static func original(ofReplaced hidden: String) -> String? {
    let name = String(hidden.dropFirst(replacedPrefix.count))
    return hidden.hasPrefix(replacedPrefix) && step(of: name) != nil ? name : nil
  }

  /// Under which a checkpoint or link stands while it is removed.
  static func retired(_ name: String) -> String { retiredPrefix + name }

  /// Under which a damaged checkpoint is kept: `damaged-step-0000391`, and with a number if there is one already.
  static func damaged(_ name: String, _ number: Int) -> String {
    damagedPrefix + name + (number > 1 ? "-\(number)" : "")
  }

  /// Whether `name` is of no use once no commit is under way.
  static func isLeftover(_ name: String) -> Bool {
    name.hasPrefix(draftPrefix) || name.hasPrefix(retiredPrefix)
  }
}
