package import Operators
package import Optimizers
package import Planner
package import StrictYAML

/// The keys below `train`.
package struct TrainConfiguration: YAMLRecord {
  package var epochs: Double? = 6
  package var steps: Int?
  package var globalBatch = 64
  package var microBatch = 16
  package var optimizer = OptimizerChoice(SGD())
  /// A limit on the gradient.
  package var clip: GradientClipping?
  /// What differs for some of the parameters.
  package var groups: [ParameterGroup] = []
  /// A moving average of the weights.
  package var ema: WeightAveraging?
  /// Slow weights that the fast ones return to.
  package var lookahead: Lookahead?
  package var schedule = Schedule(OneCycleSchedule())
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
    Field("clip", \.clip, "a limit on the gradient, by its norm or by value"),
    Field("groups", \.groups, "what differs for parameters by their names: rate, weight decay, frozen or not"),
    Field("ema", \.ema, "an exponential moving average of the weights, evaluated and saved beside them"),
    Field("lookahead", \.lookahead, "slow weights that follow every few steps, and that the fast ones return to"),
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
    guard !schedule.rule.cyclesMomentum || optimizer.rule.hasMomentum else {
      return "the schedule cycles the momentum, but the optimizer \(optimizer.alternative(.brief).name) has none; set "
        + "cycle-momentum to false or give the optimizer a momentum"
    }
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

extension TrainConfiguration {
  /// What becomes of a step's gradient.
  package func updates(_ layout: FlatLayout) -> UpdatePlan {
    UpdatePlan(
      optimizer.rule, clipping: clip, averaging: ema, lookahead: lookahead, groups: groups, layout: layout)
  }
}

extension RecomputeChoice: YAMLValue {}
