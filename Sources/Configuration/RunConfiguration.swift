// Configuration: everything that a run depends on, as it stands in a file. One record for each section of keys, whose
// table decodes, encodes, documents and refuses; files, `--set` and the keys that other programs have for the same.
// Nothing here opens data or computes.

import Datasets
package import Planner
package import StrictYAML

/// Everything that a run depends on, as it stands in a configuration file. The defaults are those of the built-in
/// example: `lenet5` on `digits`.
package struct RunConfiguration: YAMLRecord {
  package var seed: UInt64 = 1
  package var lanes = LaneCount.auto
  /// A zoo model's name, or {file: my-model.yaml}.
  package var model = ModelChoice.zoo("lenet5")
  package var data = DataConfiguration()
  package var train = TrainConfiguration()
  package var exchange = ExchangeConfiguration()
  package var checkpoint = CheckpointConfiguration()
  package var evaluate = EvaluationConfiguration()
  package var verify = VerifyConfiguration()
  package var numerics = NumericsConfiguration()
  package var kernels = KernelConfiguration()

  /// The built-in configuration.
  package init() {}

  package static let fields: [Field<Self>] = [
    Field("seed", \.seed, "key of everything random"),
    Field("lanes", \.lanes, "compute threads of a rank; never changes the bits"),
    Field("model", \.model, "a zoo model's name, {file: my-model.yaml}, or the model itself {name, input, layers}"),
    Field("data", \.data, "the dataset"),
    Field("train", \.train, "length, batches, optimizer, schedule, loss"),
    Field("exchange", \.exchange, "how gradients are exchanged"),
    Field("checkpoint", \.checkpoint, "when to save and how many to keep"),
    Field("evaluate", \.evaluate, "when to score the test data"),
    Field("verify", \.verify, "what is computed a second time, to find ranks that compute wrongly"),
    Field("numerics", \.numerics, "how exactly the same mathematics is computed"),
    Field("kernels", \.kernels, "which instruction sets our own kernels may use"),
  ]

  /// The configuration as a file with every value. The model, which may be long, comes last.
  package var text: String {
    guard case .mapping(let entries) = yaml(.full).content else { return "" }
    return YAMLTree.mapping(entries.filter { $0.key != "model" } + entries.filter { $0.key == "model" }).text
  }

  /// What the planner is asked for.
  package var planOptions: PlanOptions {
    var options = PlanOptions(
      microBatch: train.microBatch, microBatches: train.microBatches, bucketElements: exchange.bucket.bytes / 4)
    options.loss = train.loss
    options.winograd = numerics.winograd
    options.recompute = train.recompute
    return options
  }
}

extension RunConfiguration {
  /// The smallest parts in which two configurations differ: path, old and new value. Models and paths are not compared:
  /// a model is more than its name, and a path says nothing about what lies there.
  package func differences(to other: RunConfiguration) -> [(path: String, old: String, new: String)] {
    Self.differences(withoutPlaces.yaml(.full), other.withoutPlaces.yaml(.full), below: "")
  }

  private var withoutPlaces: RunConfiguration {
    var copy = self
    copy.model = RunConfiguration().model
    copy.data.path = nil
    (copy.data.images, copy.data.labels) = (nil, nil)
    (copy.data.testImages, copy.data.testLabels) = (nil, nil)
    return copy
  }

  /// Of a choice such as the schedule, which has other keys for each of its kinds, another kind differs as a whole.
  private static func differences(
    _ old: YAMLTree, _ new: YAMLTree, below path: String
  ) -> [(path: String, old: String, new: String)] {
    guard case .mapping(let before) = old.content, case .mapping(let after) = new.content,
      before.map(\.key) == after.map(\.key)
    else {
      return old.inline == new.inline ? [] : [(path, old.inline, new.inline)]
    }
    return zip(before, after).flatMap { old, new in
      differences(old.value, new.value, below: path.isEmpty ? old.key : "\(path).\(old.key)")
    }
  }
}

/// Compute threads of a rank.
package enum LaneCount: YAMLValue, Hashable {
  /// As many as there are cores for this rank, at most one per micro-batch of the rank.
  case auto
  case fixed(Int)

  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    if case .scalar("auto", _) = cursor.tree.content {
      self = .auto
      return
    }
    let count = try Int(yaml: cursor)
    guard (1...1024).contains(count) else { throw cursor.failure("must be 'auto' or from 1 to 1024, not \(count)") }
    self = .fixed(count)
  }

  package var yaml: YAMLTree {
    switch self {
    case .auto: .word("auto")
    case .fixed(let count): count.yaml
    }
  }

  package static var yamlForm: String { "auto | n" }
}
