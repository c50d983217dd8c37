package import StrictYAML

/// The keys below `checkpoint`.
package struct CheckpointConfiguration: YAMLRecord {
  /// Epochs between two checkpoints.
  package var everyEpochs: Double? = 1
  package var everySteps: Int?
  package var everyMinutes: Double?
  package var keep = 3

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("every-epochs", \.everyEpochs, "epochs between two checkpoints", check: Bounds.interval),
    Field("every-steps", \.everySteps, "steps between two checkpoints", check: Bounds.positive),
    Field("every-minutes", \.everyMinutes, "minutes between two checkpoints", check: Bounds.interval),
    Field("keep", \.keep, "how many to keep, beside the best", check: { $0 >= 1 ? nil : "must be at least 1" }),
  ]
}

/// The keys below `evaluate`.
package struct EvaluationConfiguration: YAMLRecord {
  package var everyEpochs: Double? = 1

  package init() {}

  package static let fields: [Field<Self>] = [
    Field(
      "every-epochs", \.everyEpochs, "epochs between two evaluations; null for only at the end",
      check: Bounds.interval)
  ]
}

/// The keys below `verify`.
package struct VerifyConfiguration: YAMLRecord {
  /// The share of all micro-batches.
  package var recompute = 0.0

  package init() {}

  package static let fields: [Field<Self>] = [
    Field(
      "recompute", \.recompute,
      "share of the micro-batches that another rank computes again and compares: 0.01 is one in a hundred",
      check: { (0...1).contains($0) ? nil : "must be from 0 (none) to 1 (all)" })
  ]
}
