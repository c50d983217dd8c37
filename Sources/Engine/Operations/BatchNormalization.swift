import Kernels
import Planner

extension Executor {
  /// Runs batch normalization: forward, backward, or with running statistics.
  func normalize(_ instruction: Instruction) {
    switch instruction.operation {
    case .batchNormalization(let channels, let positions, let epsilon, let tail):
      normalizeForTraining(instruction, channels: channels, rows: program.batch * positions, epsilon: epsilon, tail)
    case .batchNormalizationBackward(let channels, let positions):
      normalizeBackward(instruction, channels: channels, rows: program.batch * positions)
    case .batchNormalizationEvaluation(let channels, let positions, let epsilon, let tail):
      guard let statistics = instruction.statistics.map({ layout[$0] }) else { return }
      var y = unsafe output(instruction.writes[0]).mutableSpan
      BatchNormalization.forwardEvaluation(
        channels: channels, rows: program.batch * positions, epsilon: epsilon,
        x: unsafe input(instruction.reads[0]).span, scale: unsafe parameter(instruction, 0).span,
        shift: unsafe parameter(instruction, 1).span, runningMean: unsafe parameters(statistics.mean).span,
        runningVariance: unsafe parameters(statistics.variance).span,
        residual: unsafe optionalInput(instruction, 1).span, relu: tail.relu, y: &y)
    case .batchNormalizationEvaluationBackwardData(let channels, let positions, let epsilon):
      frozenBackwardData(instruction, channels: channels, rows: program.batch * positions, epsilon: epsilon)
    case .batchNormalizationEvaluationBackwardWeights(let channels, let positions, let epsilon):
      frozenBackwardWeights(instruction, channels: channels, rows: program.batch * positions, epsilon: epsilon)
    default: break
    }
  }

  /// The micro-batch's mean goes to two places: the arena, for the backward pass, and the trailer of the gradient; the
  /// second only when it is computed for the first time.
  private func normalizeForTraining(
    _ instruction: Instruction, channels: Int, rows: Int, epsilon: Float, _ tail: NormalizationTail
  ) {
    let statistics = instruction.statistics.map { layout[$0] }
    var y = unsafe output(instruction.writes[0]).mutableSpan
    var mean = unsafe output(instruction.writes[1]).mutableSpan
    var deviation = unsafe output(instruction.writes[2]).mutableSpan
    var variance = unsafe (statistics.map { unsafe gradient($0.variance) } ?? scratch(instruction)).mutableSpan
    BatchNormalization.forwardTraining(
      channels: channels, rows: rows, epsilon: epsilon, x: unsafe input(instruction.reads[0]).span,
      scale: unsafe parameter(instruction, 0).span, shift: unsafe parameter(instruction, 1).span,
      residual: unsafe optionalInput(instruction, 1).span, relu: tail.relu, y: &y, mean: &mean,
      inverseDeviation: &deviation, variance: &variance)
    guard let statistics else { return }
    let trailer = unsafe gradient(statistics.mean)
    _ = unsafe trailer.update(fromContentsOf: output(instruction.writes[1]))
  }

  private func normalizeBackward(_ instruction: Instruction, channels: Int, rows: Int) {
    var dx = unsafe output(instruction.writes[0]).mutableSpan
    var dResidual = unsafe optionalOutput(instruction, 1).mutableSpan
    var dScale = unsafe gradient(instruction, 0, orScratch: channels).mutableSpan
    var dShift = unsafe gradient(instruction, 1, orScratch: channels).mutableSpan
    BatchNormalization.backward(
      channels: channels, rows: rows, x: unsafe input(instruction.reads[0]).span,
      y: unsafe optionalInput(instruction, 4).span, dy: unsafe input(instruction.reads[1]).span,
      scale: unsafe parameter(instruction, 0).span, shift: unsafe parameter(instruction, 1).span,
      mean: unsafe input(instruction.reads[2]).span, inverseDeviation: unsafe input(instruction.reads[3]).span, dx: &dx,
      dResidual: &dResidual, dScale: &dScale, dShift: &dShift)
  }

  private func frozenBackwardData(_ instruction: Instruction, channels: Int, rows: Int, epsilon: Float) {
    guard let statistics = instruction.statistics.map({ layout[$0] }) else { return }
    var dx = unsafe output(instruction.writes[0]).mutableSpan
    var dResidual = unsafe optionalOutput(instruction, 1).mutableSpan
    var factors = unsafe scratch(instruction).mutableSpan
    BatchNormalization.backwardEvaluation(
      channels: channels, rows: rows, epsilon: epsilon, y: unsafe optionalInput(instruction, 1).span,
      dy: unsafe input(instruction.reads[0]).span, scale: unsafe parameter(instruction, 0).span,
      runningVariance: unsafe parameters(statistics.variance).span, dx: &dx, dResidual: &dResidual, factors: &factors)
  }

  /// The scratch holds dx, which nobody asks for, 1/deviation, and the gradients of what is frozen.
  private func frozenBackwardWeights(_ instruction: Instruction, channels: Int, rows: Int, epsilon: Float) {
    guard let statistics = instruction.statistics.map({ layout[$0] }) else { return }
    let scratch = unsafe scratch(instruction)
    var dx = unsafe UnsafeMutableBufferPointer(rebasing: scratch[(3 * channels)...]).mutableSpan
    var deviation = unsafe UnsafeMutableBufferPointer(rebasing: scratch[2 * channels..<3 * channels]).mutableSpan
    var dScale = unsafe gradient(instruction, 0, orScratch: channels).mutableSpan
    var dShift = unsafe gradient(instruction, 1, orScratch: channels).mutableSpan
    BatchNormalization.gradientsEvaluation(
      channels: channels, rows: rows, epsilon: epsilon, x: unsafe input(instruction.reads[0]).span,
      dy: unsafe input(instruction.reads[1]).span, runningMean: unsafe parameters(statistics.mean).span,
      runningVariance: unsafe parameters(statistics.variance).span, dx: &dx, inverseDeviation: &deviation,
      dScale: &dScale, dShift: &dShift)
  }
}
