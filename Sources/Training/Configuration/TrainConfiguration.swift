package import Network
package import Planner
package import StrictYAML

/// The keys below `train`.
package struct TrainConfiguration: YAMLRecord {
  /// Passes over the training data; may be fractional.
  package var epochs: Double? = 6
  /// Optimizer steps, instead of epochs.
  package var steps: Int?
  /// Samples of one optimizer step.
  package var globalBatch = 64
  /// Samples that one lane computes at once.
  package var microBatch = 16
  /// How a gradient changes the weights.
  package var optimizer = OptimizerChoice.sgd(SGDConfiguration())
  /// The learning rate over the steps.
  package var schedule = Schedule.oneCycle(OneCycleSchedule())
  /// What is minimised.
  package var loss = Loss.crossEntropy(CrossEntropyLoss())
  /// How much of the forward pass stays in memory for the backward pass; never changes the bits.
  package var recompute = RecomputeChoice.none

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("epochs", \.epochs, "passes over the training data; may be fractional", check: Self.positive),
    Field("steps", \.steps, "optimizer steps, instead of epochs", check: Bounds.positive),
    Field("global-batch", \.globalBatch, "samples of one optimizer step", check: Self.batch),
    Field("micro-batch", \.microBatch, "samples that one lane computes at once", check: Self.batch),
    Field("optimizer", \.optimizer, "how a gradient changes the weights"),
    Field("schedule", \.schedule, "the learning rate over the steps"),
    Field("loss", \.loss, "what is minimised"),
    Field(
      "recompute", \.recompute,
      "blocks: keep less of the forward pass in memory and compute the rest twice; never changes the bits"),
  ]

  private static let positive: @Sendable (Double?) -> String? = {
    $0.map { $0 > 0 && $0 <= 1e6 } ?? true ? nil : "must be above 0 and at most 1000000"
  }
  private static let batch: @Sendable (Int) -> String? = {
    (1...1_048_576).contains($0) ? nil : "must be from 1 to 1048576"
  }

  package func problem() -> String? {
    guard globalBatch % microBatch == 0 else {
      let below = max(1, globalBatch / microBatch) * microBatch
      return "global-batch (\(globalBatch)) must be a multiple of micro-batch (\(microBatch)), for example \(below)"
    }
    if epochs == nil, steps == nil { return "give 'epochs' or 'steps'" }
    return nil
  }

  /// Micro-batches of a global batch.
  package var microBatches: Int { globalBatch / microBatch }

  /// The number of steps over `samples` training samples; an epoch's last batch runs over into the next epoch.
  package func stepCount(samples: Int) -> Int {
    if let steps { return steps }
    return max(1, Int(((epochs ?? 1) * Double(samples) / Double(globalBatch)).rounded(.up)))
  }
}

extension RecomputeChoice: YAMLValue {}

/// The optimizer.
package enum OptimizerChoice: YAMLChoice {
  /// Stochastic gradient descent.
  case sgd(SGDConfiguration)

  package static let subject = "optimizer"
  package static let alternatives: [Alternative<OptimizerChoice>] = [
    Alternative("sgd", "stochastic gradient descent with momentum", SGDConfiguration.self) {
      .sgd($0)
    } extract: {
      if case .sgd(let record) = $0 { record } else { nil }
    }
  ]

  /// The settings of SGD.
  package var sgd: SGDConfiguration {
    switch self {
    case .sgd(let record): record
    }
  }
}

/// Stochastic gradient descent: v ← μ·v + g + λ·w, w ← w − η·v (Nesterov: w ← w − η·(g + λ·w + μ·v)).
///
/// Source: Sutskever, Martens, Dahl and Hinton, "On the importance of initialization and momentum in deep learning",
/// 2013, in PyTorch's form, where the rate stands outside of the velocity.
package struct SGDConfiguration: YAMLRecord {
  /// Part of the velocity that is kept (μ).
  package var momentum = 0.9
  /// Whether to look ahead along the velocity.
  package var nesterov = false
  /// Pull of the weights to zero (λ).
  package var weightDecay = 0.0
  /// Whether biases and normalization parameters decay too.
  package var decayAll = false

  package init() {}

  package static let fields: [Field<Self>] = [
    Field(
      "momentum", \.momentum, "part of the velocity that is kept (μ)",
      check: { (0..<1).contains($0) ? nil : "must be at least 0 and below 1" }),
    Field("nesterov", \.nesterov, "whether to look ahead along the velocity"),
    Field(
      "weight-decay", \.weightDecay, "pull of the weights to zero (λ)",
      check: { (0...1).contains($0) ? nil : "must be from 0 to 1" }),
    Field("decay-all", \.decayAll, "whether biases and normalization parameters decay too"),
  ]

  package func problem() -> String? { nesterov && momentum == 0 ? "nesterov needs a momentum above 0" : nil }
}
