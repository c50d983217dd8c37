import StrictYAML

/// What may change between a checkpoint and its continuation.
package enum ResumeRules {
  /// Without these the checkpoint's tensors or the sample stream mean something else.
  private static let fixed = [
    "seed", "model", "data.format", "data.images", "data.labels", "data.hold-out", "data.size",
    "data.channels", "data.train-count", "train.global-batch", "train.micro-batch",
  ]
  /// These never reach the weights.
  private static let free = ["lanes", "exchange.bucket", "exchange.wire", "checkpoint", "evaluate", "data.path"]

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

  /// The leaves in which two configurations differ: path, old and new value.
  private static func differences(
    _ old: YAMLTree, _ new: YAMLTree
  ) -> [(path: String, old: String, new: String)] {
    let before = leaves(of: old)
    let after = leaves(of: new)
    let paths = before.map(\.path) + after.map(\.path).filter { path in !before.contains { $0.path == path } }
    let value = { (path: String, list: [(path: String, value: String)]) in
      list.first { $0.path == path }?.value ?? "not set"
    }
    return paths.map { ($0, value($0, before), value($0, after)) }.filter { $0.1 != $0.2 }
  }

  private static func leaves(of tree: YAMLTree, below path: String = "") -> [(path: String, value: String)] {
    guard case .mapping(let entries) = tree.content else { return [(path, tree.inline)] }
    return entries.flatMap { leaves(of: $0.value, below: path.isEmpty ? $0.key : "\(path).\($0.key)") }
  }
}
