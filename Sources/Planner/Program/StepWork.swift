package import Network
import Operators

/// The estimated work of a training step, apart by what it grows with: for the choice of a micro-batch, not of a time.
///
/// The unit is the time of one floating-point operation at a core's peak. The constants are rounded from `bench step`
/// on the machine that `machine` names, where the time of a step was fitted by a line over the micro-batch; on another
/// one the relation of bytes to arithmetic is another.
package struct StepWork: Hashable, Sendable {
  /// Where the constants come from.
  package static let machine = "one core of an AMD Zen 3 with AVX2"

  /// What each micro-batch costs however small it is: filters that are transformed, weights that are packed, gradients
  /// of parameters that are written, and the update.
  package var fixed = 0.0
  /// What grows with the samples.
  package var growing = 0.0

  /// The part of the whole that does not grow.
  package var fixedShare: Double { fixed / (fixed + growing) }

  /// The work of one micro-batch and of one update.
  package init(of plan: StepPlan, update: UpdateSummary = .momentum) {
    let program = plan.training
    for instruction in program.instructions {
      let flat = Double(program.flatElements(of: instruction, layout: plan.layout))
      fixed += Self.moving(flat * (1 + instruction.operation.preparations), of: flat)
      growing += Self.nearMove * Double(program.slotElements(of: instruction))
      growing += Double(program.flops(of: instruction)) * instruction.operation.arithmeticCost
    }
    let parameters = Double(plan.layout.parameterEnd)
    let kept = Double(2 + update.stateNames.count)
    fixed += Self.moving(Double(update.trafficPerParameter) * parameters, of: kept * parameters)
  }

  /// The work of reading or writing `elements` of a working set of so many.
  private static func moving(_ elements: Double, of set: Double) -> Double {
    elements * (set > cached ? farMove : nearMove)
  }

  /// Weights that stay in the nearer caches, with what is made of them: 512 KiB, the second level of `machine`.
  private static let cached = Double(1 << 17)
  /// An element that lies there, fitted on `machine`.
  private static let nearMove = 2.5
  /// An element that does not, fitted on `machine`.
  private static let farMove = 13.0
}

extension Operation {
  /// Values that are written and read again for each weight before, or after, the products of a convolution.
  fileprivate var preparations: Double {
    guard let convolution else { return 0 }
    // So many values for each 9 weights, each of them written, read, and computed by way of two others.
    if case .winograd(let variant, _) = convolution.algorithm { return 1 + 4 * Double(variant.planes) / 9 }
    return convolution.pass == .backwardWeights ? 1 : 4
  }

  /// The time of an operation of the direct sum, fitted on `StepWork.machine`: the products do not reach the peak, and
  /// those of Winograd's algorithm, with its transforms, even less, but there are fewer of them.
  fileprivate var arithmeticCost: Double {
    guard case .winograd(let variant, _) = convolution?.algorithm else { return 1.3 }
    return 2.2 * Double(variant.planes) / Double(9 * variant.output * variant.output)
  }
}

/// A micro-batch for a network, from its shapes alone.
package struct MicroBatchAdvice: Hashable, Sendable {
  /// Samples of a micro-batch, a power of two.
  package let microBatch: Int
  /// The estimated part of a micro-batch's work that does not grow with it.
  package let fixedShare: Double

  /// The sizes that are considered.
  package static let sizes = (0...7).map { 1 << $0 }
  /// The part of the work that may be spent on what does not grow.
  package static let limit = 0.08

  /// The smallest size for which what does not grow with the micro-batch is a small part of the work; the largest if
  /// there is none.
  ///
  /// - Parameters:
  ///   - options: what else the plan depends on.
  ///   - update: the optimizer.
  /// - Throws: `NetworkError` if a layer does not fit its input, or a loss its output.
  package init(
    for network: NetworkDescription, options: PlanOptions, update: UpdateSummary = .momentum
  ) throws(NetworkError) {
    var options = options
    var (size, share) = (0, 1.0)
    for candidate in Self.sizes where share > Self.limit {
      options.microBatch = candidate
      (size, share) = (candidate, StepWork(of: try Planner.plan(network, options: options), update: update).fixedShare)
    }
    microBatch = size
    fixedShare = share
  }
}
