import Kernels
import Operators
import Planner

/// Batch normalization.
extension Execution {
  /// y, mean and reciprocal std; what the micro-batch's statistics are goes to the gradient's trailer too.
  ///
  /// The mean is computed in the arena, for the backward pass, and copied to the trailer; not where the instruction
  /// runs for the second time.
  func batchNormalization(
    _ channels: Int, _ positions: Int, _ epsilon: Float, _ tail: NormalizationTail, _ instruction: Instruction
  ) {
    var y = output(instruction)
    var mean = output(instruction, 1)
    var rstd = output(instruction, 2)
    var variance = observedVariance(instruction)
    BatchNormalization.forwardTraining(
      channels: channels, rows: program.batch * positions, epsilon: epsilon, x: input(instruction),
      scale: parameter(instruction, 0), shift: parameter(instruction, 1), residual: optionalInput(instruction, 1),
      relu: tail.relu, y: &y, mean: &mean, rstd: &rstd, variance: &variance)
    guard let statistics = instruction.statistics else { return }
    var observed = gradient(layout[statistics].mean)
    Elementwise.copy(mean.span, into: &observed)
  }

  /// Where the variance goes that the backward pass does not need.
  @_lifetime(borrow self)
  private func observedVariance(_ instruction: Instruction) -> MutableSpan<Float> {
    guard let statistics = instruction.statistics else { return scratch(instruction) }
    return gradient(layout[statistics].variance)
  }

  /// The input gradient, those of scale and shift, and that of the residual where it is wanted.
  func batchNormalizationBackward(_ channels: Int, _ positions: Int, _ instruction: Instruction) {
    var dx = output(instruction)
    var dResidual = optionalOutput(instruction, 1)
    var dScale = gradient(instruction, 0, orScratch: channels)
    var dShift = gradient(instruction, 1, orScratch: channels)
    BatchNormalization.backward(
      channels: channels, rows: program.batch * positions, x: input(instruction), y: optionalInput(instruction, 4),
      dy: input(instruction, 1), scale: parameter(instruction, 0), shift: parameter(instruction, 1),
      mean: input(instruction, 2), rstd: input(instruction, 3), dx: &dx, dResidual: &dResidual,
      dScale: &dScale, dShift: &dShift)
  }

  /// y by the running statistics, which stand after the parameters in their buffer.
  func batchNormalizationEvaluation(
    _ channels: Int, _ positions: Int, _ epsilon: Float, _ tail: NormalizationTail, _ instruction: Instruction
  ) {
    let statistics = statistics(instruction)
    var y = output(instruction)
    BatchNormalization.forwardEvaluation(
      channels: channels, rows: program.batch * positions, epsilon: epsilon, x: input(instruction),
      scale: parameter(instruction, 0), shift: parameter(instruction, 1), runningMean: parameters(statistics.mean),
      runningVariance: parameters(statistics.variance), residual: optionalInput(instruction, 1), relu: tail.relu,
      y: &y)
  }
}

/// Batch normalization by frozen statistics, in training.
extension Execution {
  /// The input gradient, and that of the residual where it is wanted.
  func batchNormalizationEvaluationBackwardData(
    _ channels: Int, _ positions: Int, _ epsilon: Float, _ instruction: Instruction
  ) {
    let statistics = statistics(instruction)
    var dx = output(instruction)
    var dResidual = optionalOutput(instruction, 1)
    var factors = scratch(instruction)
    BatchNormalization.backwardEvaluation(
      channels: channels, rows: program.batch * positions, epsilon: epsilon, y: optionalInput(instruction, 1),
      dy: input(instruction), scale: parameter(instruction, 0), runningVariance: parameters(statistics.variance),
      dx: &dx, dResidual: &dResidual, factors: &factors)
  }

  /// The gradients of scale and shift. The scratch holds those of what is frozen, the reciprocal std, and an input
  /// gradient that nobody asks for.
  func batchNormalizationEvaluationBackwardWeights(
    _ channels: Int, _ positions: Int, _ epsilon: Float, _ instruction: Instruction
  ) {
    let statistics = statistics(instruction)
    let rows = program.batch * positions
    var rstd = scratch(instruction, 2 * channels, channels)
    var dx = scratch(instruction, 3 * channels, rows * channels)
    var dScale = gradient(instruction, 0, orScratch: channels)
    var dShift = gradient(instruction, 1, orScratch: channels)
    BatchNormalization.gradientsEvaluation(
      channels: channels, rows: rows, epsilon: epsilon, x: input(instruction), dy: input(instruction, 1),
      runningMean: parameters(statistics.mean), runningVariance: parameters(statistics.variance), dx: &dx,
      rstd: &rstd, dScale: &dScale, dShift: &dShift)
  }

  /// Where the running statistics of the instruction's layer lie.
  private func statistics(_ instruction: Instruction) -> FlatLayout.Statistics {
    guard let id = instruction.statistics else {
      preconditionFailure("'\(instruction.path)' has no running statistics")
    }
    return layout[id]
  }
}

/// The normalizations that do not look beyond a sample: group, layer, instance and local response.
extension Execution {
  /// y, and the mean and reciprocal std of each group.
  func groupNormalization(_ groups: NormalizationGroups, _ epsilon: Float, _ instruction: Instruction) {
    var y = output(instruction)
    var mean = output(instruction, 1)
    var rstd = output(instruction, 2)
    GroupNormalization.forward(
      groups, batch: program.batch, epsilon: epsilon, x: input(instruction), scale: parameter(instruction, 0),
      shift: parameter(instruction, 1), y: &y, mean: &mean, rstd: &rstd)
  }

  /// The input gradient and those of scale and shift.
  func groupNormalizationBackward(_ groups: NormalizationGroups, _ instruction: Instruction) {
    var dx = output(instruction)
    var dScale = gradient(instruction, 0, orScratch: groups.channels)
    var dShift = gradient(instruction, 1, orScratch: groups.channels)
    GroupNormalization.backward(
      groups, batch: program.batch, x: input(instruction), dy: input(instruction, 1),
      scale: parameter(instruction, 0), mean: input(instruction, 2), rstd: input(instruction, 3), dx: &dx,
      dScale: &dScale, dShift: &dShift)
  }

  /// y, and the sums that it was divided by.
  func localResponse(_ response: LocalResponse, _ positions: Int, _ instruction: Instruction) {
    var y = output(instruction)
    var sums = output(instruction, 1)
    LocalResponseNormalization.forward(
      response, rows: program.batch * positions, x: input(instruction), y: &y, sums: &sums)
  }

  /// The input gradient of `localResponse`.
  func localResponseBackward(_ response: LocalResponse, _ positions: Int, _ instruction: Instruction) {
    var dx = output(instruction)
    LocalResponseNormalization.backward(
      response, rows: program.batch * positions, x: input(instruction), y: input(instruction, 1),
      sums: input(instruction, 2), dy: input(instruction, 3), dx: &dx)
  }
}
