import Operators


/// The estimated work of a training step, apart by what it grows with: for the choice of a micro-batch, not of a time.
///
/// The unit is the time of one floating-point operation at a core's peak. The constants are rounded from `bench step` on
/// one core (Zen 3, AVX2), where the time of a step was fitted by a line over the micro-batch.
package struct StepWork: Hashable, Sendable {
  /// What each micro-batch costs however small it is: filters that are transformed, weights that are packed, gradients of
  /// parameters that are written, and the update.
  package var fixed = 0.0
  /// What grows with the samples.
  package var growing = 0.0

  /// The part of the whole that does not grow.
  package var fixedShare: Double { fixed / (fixed + growing) }

  /// The work of one micro-batch and of one update.
  package init(of plan: StepPlan) {
    let program = plan.training
    for instruction in program.instructions {
      let flat = Double(program.flatNumbers(of: instruction, layout: plan.layout))
      fixed += Self.moving(flat * (1 + instruction.operation.preparations), of: flat)
      growing += Self.nearMove * Double(program.slotNumbers(of: instruction))
      growing += Double(program.flops(of: instruction)) * instruction.operation.arithmeticCost
    }
    // Gradient, momentum and weight are read, and the latter two written.
    let parameters = Double(plan.layout.parameterEnd)
    fixed += Self.moving(5 * parameters, of: 3 * parameters)
  }

  /// The work of reading or writing `numbers` of a working set of so many.
  private static func moving(_ numbers: Double, of set: Double) -> Double {
    numbers * (set > cached ? farMove : nearMove)
  }

  /// Weights that stay in the nearer caches, with what is made of them.
  private static let cached = Double(1 << 17)
  /// A number that lies there.
  private static let nearMove = 2.5
  /// A number that does not.
  private static let farMove = 13.0
}

extension Operation {
  /// Numbers that are written and read again for each weight before, or after, the products of a convolution.
  fileprivate var preparations: Double {
    guard let convolution else { return 0 }
    // So many numbers for each 9 weights, each of them written, read, and computed by way of two others.
    if case .winograd(let variant, _) = convolution.algorithm { return 1 + 4 * Double(variant.planes) / 9 }
    return convolution.pass == .backwardWeights ? 1 : 4
  }

  /// The time of an operation of the direct sum: Winograd's algorithm does fewer, the others do not reach the peak.
  fileprivate var arithmeticCost: Double {
    guard case .winograd(let variant, _) = convolution?.algorithm else { return 1.3 }
    return 2.2 * Double(variant.planes) / Double(9 * variant.output * variant.output)
  }
}
