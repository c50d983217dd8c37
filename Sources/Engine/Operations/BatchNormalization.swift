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
    var dScale = unsafe gradient(instruction, 0).mutableSpan
    var dShift = unsafe gradient(instruction, 1).mutableSpan
    BatchNormalization.backward(
      channels: channels, rows: rows, x: unsafe input(instruction.reads[0]).span,
      y: unsafe optionalInput(instruction, 4).span, dy: unsafe input(instruction.reads[1]).span,
      scale: unsafe parameter(instruction, 0).span, shift: unsafe parameter(instruction, 1).span,
      mean: unsafe input(instruction.reads[2]).span, inverseDeviation: unsafe input(instruction.reads[3]).span, dx: &dx,
      dResidual: &dResidual, dScale: &dScale, dShift: &dShift)
  }
}
