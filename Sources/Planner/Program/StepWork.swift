import Network

/// The estimated work of a training step, apart by what it grows with. In floating-point operations, numbers that are
/// moved counted like some of them: an estimate for the choice of a micro-batch, not of a time.
package struct StepWork: Hashable, Sendable {
  /// What each micro-batch costs however small it is: filters that are transformed, weights that are packed, gradients of
  /// parameters that are written, added and used by the update.
  package var fixed = 0.0
  /// What grows with the samples.
  package var growing = 0.0

  /// The part of the whole that does not grow.
  package var fixedShare: Double { fixed / (fixed + growing) }

  /// The work of one micro-batch and of its share in an update.
  package init(of plan: StepPlan) {
    let program = plan.training
    for instruction in program.instructions {
      let flat = Double(program.flatNumbers(of: instruction, layout: plan.layout))
      let weights = Double(instruction.operation.convolution?.geometry.weightCount ?? 0)
      fixed += Self.move * (flat + weights * instruction.operation.preparations)
      growing += Self.move * Double(program.slotNumbers(of: instruction))
      growing += Double(program.flops(of: instruction)) * instruction.operation.arithmeticShare
    }
    fixed += Self.move * Self.update * Double(plan.layout.parameterEnd)
  }

  /// Operations that a core does in the time in which it reads or writes one number that is not in its nearest cache.
  private static let move = 8.0

  /// Reading gradient, momentum and weight, and writing the latter two.
  private static let update = 5.0
}

extension Operation {
  /// Numbers that are written and read again for each weight before, or after, the products of a convolution.
  fileprivate var preparations: Double {
    guard let convolution else { return 0 }
    // 36 numbers for each 9 weights, which are computed from each other several times on the way.
    if case .winograd = convolution.algorithm { return 12 }
    return convolution.pass == .backwardWeights ? 0 : 2
  }

  /// Operations done for each operation of the direct sum, padded tiles and transforms included.
  fileprivate var arithmeticShare: Double {
    if case .winograd = convolution?.algorithm { return 0.4 }
    return 1
  }
}
