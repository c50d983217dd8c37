import Collectives
import Configuration
import Datasets
import Kernels
import Planner

/// Why the loss or the reduced gradient of a step is not finite: found on rank 0 by computing the step's micro-batches
/// once more, one after the other, from the state before the step.
struct NumericalFault {
  /// The step.
  let step: Int
  /// What the step has been seen to do.
  private let symptom: String
  private let blueprint: Blueprint
  private let ranks: Int
  private let parameters: [Float]?
  /// The micro-batch to blame, if it is one.
  private(set) var microBatch: Int?
  /// The first tensor of it that is not finite.
  private(set) var tensor: NotFinite?
  /// The rank to blame, if it is one alone.
  private(set) var rank: Int?
  /// Whether the state before the step is as good as lost: its weights are not finite.
  let isSpoiledBefore: Bool
  private var explanation = ""

  /// The sentence, with the remedy.
  var cause: String { "step \(step): \(symptom) not finite; \(explanation)" }

  /// A fault that is not looked into yet.
  ///
  /// - Parameters:
  ///   - loss: the mean loss of the step.
  ///   - parameters: the flat parameter buffer before the step; nil where the step cannot be taken back.
  init(step: Int, loss: Double, parameters: [Float]?, blueprint: Blueprint, ranks: Int) {
    (self.step, self.parameters, self.blueprint, self.ranks) = (step, parameters, blueprint, ranks)
    symptom = loss.isFinite ? "the gradient is" : "the loss is"
    let spoiled = parameters.flatMap { Self.spoiled($0, blueprint.plan.layout) }
    isSpoiledBefore = spoiled != nil
    guard let spoiled else { return }
    explanation =
      "'\(spoiled)' was not finite before it already: the update of a step before has overflowed, so "
      + "that its state is not saved; \(Self.remedy)"
  }

  /// Looks for the place.
  ///
  /// - Parameters:
  ///   - recorded: the digests of the micro-batches as the ranks have computed them.
  ///   - activity: where rank 0 says what it does.
  mutating func search(recorded: [UInt64], _ activity: Activity) {
    guard !isSpoiledBefore else { return }
    guard let parameters else {
      explanation = "the replay names the layer and the samples; \(Self.remedy)"
      return
    }
    let check = FiniteCheck()
    do {
      let count = blueprint.configuration.train.microBatches
      let replay = try StepReplay(
        of: 0..<count, step: step, parameters: parameters, blueprint: blueprint, check: check, activity: activity)
      compare(replay.microBatches, recorded)
    } catch {
      guard let found = check.found else {
        explanation = "the layer could not be found (\(error)); \(Self.remedy)"
        return
      }
      (microBatch, tensor) = (check.microBatch, found)
      explanation = "first in micro-batch \(check.microBatch), \(found.clause); \(Self.remedy)"
    }
  }

  /// Each micro-batch alone is finite: either a rank has computed one otherwise, or only the sum overflows.
  private mutating func compare(_ replayed: [UInt64], _ recorded: [UInt64]) {
    guard let wrong = zip(replayed, recorded).enumerated().first(where: { $1.0 != $1.1 })?.offset else {
      explanation = "each micro-batch alone is finite, but their sum overflows; \(Self.remedy)"
      return
    }
    microBatch = wrong
    let owner = ReductionTree.owner(of: wrong, among: replayed.count, ranks: ranks)
    rank = owner
    explanation =
      "computed once more on rank 0, micro-batch \(wrong) is finite and another one than rank \(owner) has found: "
      + "suspect the memory or the processor of that rank's machine"
  }

  private static let remedy =
    "lower the learning rate (train.schedule) and go on from an earlier checkpoint (--resume DIR)"

  /// The first parameter or statistic, in the order of execution, that is not finite.
  private static func spoiled(_ parameters: [Float], _ layout: FlatLayout) -> String? {
    let isSpoiled = { (range: Range<Int>) in !parameters[range].allSatisfy(\.isFinite) }
    if let found = layout.parameters.last(where: { isSpoiled($0.range) }) { return found.name }
    let statistics = layout.statistics.last { isSpoiled($0.mean) || isSpoiled($0.variance) }
    return statistics.map { "running statistics of \($0.path)" }
  }

  /// The samples of the micro-batch to blame, by number and name.
  var samples: [(number: Int, name: String)] {
    guard let microBatch else { return [] }
    return blueprint.samples(step: step, microBatch: microBatch)
  }
}

extension Blueprint {
  /// The samples of a micro-batch, by number and name.
  package func samples(step: Int, microBatch: Int) -> [(number: Int, name: String)] {
    positions(step: step, microBatch: microBatch).map { position in
      let index = order.sample(at: position).index
      return (index, dataset.train.name(of: index))
    }
  }
}
