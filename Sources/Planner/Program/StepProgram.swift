import Network
import Operators

/// What an optimizer does with a parameter, as far as a plan tells of it.
package struct UpdateSummary: Hashable, Sendable {
  /// The rule's name.
  package var name: String
  /// What it keeps for each parameter from step to step.
  package var stateNames: [String]
  /// Elements that it reads and writes for each parameter: gradient, weight and states.
  package var trafficPerParameter: Int

  /// A rule of the given name.
  package init(name: String, stateNames: [String], trafficPerParameter: Int) {
    self.name = name
    self.stateNames = stateNames
    self.trafficPerParameter = trafficPerParameter
  }

  /// Gradient, momentum and weight are read, and the latter two written.
  package static let momentum = UpdateSummary(name: "SGD", stateNames: ["momentum"], trafficPerParameter: 5)
}

/// A whole training step as a plain value, which `plan` prints: for each micro-batch load → forward → loss → backward,
/// and for each bucket, as soon as the last micro-batch has completed it, reduce → update → gather. The last bucket
/// brings the metrics and votes.
///
/// Lanes execute the instructions and the exchange the rest, beside them; what depends on the number of ranks, who adds
/// and who updates, is not in the value, as it moves no bit.
package struct StepProgram: Hashable, Sendable {
  /// What is done.
  package enum Action: Hashable, Sendable {
    /// Samples are read, decoded, augmented and normalised into the input slot, with labels and targets beside it.
    case load
    /// The instruction of the training program with this index.
    case compute(Int)
    /// The micro-batches' gradients of a bucket are added in a fixed tree.
    case reduce(bucket: Int)
    /// The optimizer's rule goes over the trained parameters of a bucket.
    case update(bucket: Int)
    /// The running statistics of a bucket move towards the mean over the micro-batches.
    case average(bucket: Int)
    /// What has become of a bucket goes to every rank.
    case gather(bucket: Int)
    /// Metrics, votes and digests, which have travelled after the gradients, are read.
    case metrics

    /// The bucket that it works on; nil if it is no part of the exchange.
    package var bucket: Int? {
      switch self {
      case .reduce(let bucket), .update(let bucket), .average(let bucket), .gather(let bucket): bucket
      case .load, .compute, .metrics: nil
      }
    }
  }

  /// One line of the step.
  package struct Item: Hashable, Sendable {
    /// What is done.
    package let action: Action
    /// Bytes that are read and written at least: of an instruction and of loading for one micro-batch, of all else for
    /// the whole step and on all ranks together; of gathering what each rank receives.
    package let bytes: Int
    /// Floating-point operations likewise; 0 where bytes set the time.
    package let flops: Int
  }

  /// The programs and their layout.
  package let plan: StepPlan
  /// The optimizer.
  package let update: UpdateSummary
  /// The step, in order.
  package private(set) var items: [Item] = []

  /// The step of a plan.
  package init(of plan: StepPlan, update: UpdateSummary = .momentum) {
    self.plan = plan
    self.update = update
    items.append(Item(action: .load, bytes: plan.training.inputBytes, flops: 0))
    for (index, instruction) in plan.training.instructions.enumerated() {
      let bytes = plan.training.bytes(of: instruction, layout: plan.layout)
      items.append(Item(action: .compute(index), bytes: bytes, flops: plan.training.flops(of: instruction)))
      if case .bucketComplete(let bucket) = instruction.operation { exchange(bucket) }
    }
    items.append(Item(action: .metrics, bytes: 4 * (plan.layout.metrics.count + plan.layout.digests.count), flops: 0))
  }

  private mutating func exchange(_ bucket: Int) {
    let elements = plan.layout.buckets[bucket].count
    let additions = (plan.options.microBatches - 1) * elements
    items.append(Item(action: .reduce(bucket: bucket), bytes: 4 * 3 * additions, flops: additions))
    let (trained, averaged) = (plan.layout.trainedCount(in: bucket), plan.layout.updatedStatisticsCount(in: bucket))
    if trained > 0 {
      items.append(Item(action: .update(bucket: bucket), bytes: 4 * update.trafficPerParameter * trained, flops: 0))
    }
    if averaged > 0 { items.append(Item(action: .average(bucket: bucket), bytes: 4 * 3 * averaged, flops: 0)) }
    items.append(Item(action: .gather(bucket: bucket), bytes: 4 * elements, flops: 0))
  }

  /// Bytes that a step sends through the exchange: once as gradients to be added, once as what has become of them.
  package var exchangedBytes: Int { 4 * plan.layout.exchangedCount }
}

extension FlatLayout {
  /// The trained parameters' elements in a bucket.
  package func trainedCount(in bucket: Int) -> Int {
    trainedParameters.reduce(0) { $0 + $1.range.clamped(to: buckets[bucket]).count }
  }

  /// The elements of the running statistics in a bucket that a step moves.
  package func updatedStatisticsCount(in bucket: Int) -> Int {
    updatedStatistics.flatMap { [$0.mean, $0.variance] }.reduce(0) { $0 + $1.clamped(to: buckets[bucket]).count }
  }
}

extension Program {
  /// Bytes of the images, labels and targets of a micro-batch.
  package var inputBytes: Int {
    let labels = (labels?.count ?? 0) * batch
    return 4 * (self[images].count + labels + targets.reduce(0) { $0 + batch * $1.shape.count })
  }
}
