import StrictYAML

/// What may change between a checkpoint and its continuation.
package enum ResumeRules {
  /// Without these the checkpoint's tensors or the sample stream mean something else.
  private static let fixed = [
    "seed", "model", "data.format", "data.images", "data.labels", "data.hold-out", "data.size",
    "data.channels", "data.train-count", "train.global-batch", "train.micro-batch",
  ]
  /// These never reach the weights.
  private static let free = [
    "lanes", "train.recompute", "exchange.bucket", "exchange.wire", "checkpoint", "evaluate", "data.path", "data.cache",
    "data.test-images", "data.test-labels", "data.test-count",
  ]

  /// Sentences about changes that are allowed but lead away from an undisturbed run.
  ///
  /// - Throws: `RunError` for a change that the checkpoint does not survive.
  package static func notices(
    from saved: RunConfiguration, to new: RunConfiguration, checkpoint: String
  ) throws(RunError) -> [String] {
    var notices: [String] = []
    for (path, old, value) in differences(saved.yaml, new.yaml) where !matches(path, free) {
      if matches(path, fixed) {
        throw RunError(
          .unusable,
          "\(checkpoint) belongs to a run with \(path) \(old), but the configuration has \(value); "
            + "resume without that change or start a new run")
      }
      notices.append("\(path) changes from \(old) to \(value): from here on the weights differ from the first run's")
    }
    return notices
  }

  private static func matches(_ path: String, _ list: [String]) -> Bool {
    list.contains { path == $0 || path.hasPrefix($0 + ".") }
  }

  /// The part of a configuration that decides the trajectory, as text; checkpoints keep its hash.
  package static func trajectory(of configuration: RunConfiguration) -> String {
    leaves(of: configuration.yaml).filter { !matches($0.path, free) }.map { "\($0.path)=\($0.value)" }
      .joined(separator: "\n")
  }

  /// The smallest parts in which two configurations differ: path, old and new value. A choice may be written as a word
  /// (`sgd`) or with its keys (`sgd: {momentum: 0.5}`); it then differs as a whole.
  private static func differences(
    _ old: YAMLTree?, _ new: YAMLTree?, below path: String = ""
  ) -> [(path: String, old: String, new: String)] {
    guard case .mapping(let before)? = old?.content, case .mapping(let after)? = new?.content else {
      let (was, becomes) = (old?.inline ?? "not set", new?.inline ?? "not set")
      return was == becomes ? [] : [(path, was, becomes)]
    }
    let keys = before.map(\.key) + after.map(\.key).filter { key in !before.contains { $0.key == key } }
    return keys.flatMap { key in
      differences(old?[key: key], new?[key: key], below: path.isEmpty ? key : "\(path).\(key)")
    }
  }

  private static func leaves(of tree: YAMLTree, below path: String = "") -> [(path: String, value: String)] {
    guard case .mapping(let entries) = tree.content else { return [(path, tree.inline)] }
    return entries.flatMap { leaves(of: $0.value, below: path.isEmpty ? $0.key : "\(path).\($0.key)") }
  }
}
