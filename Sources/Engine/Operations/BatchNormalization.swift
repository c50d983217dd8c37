import Kernels
import Planner

extension Executor {
  /// Runs batch normalization: forward, backward, or with running statistics.
  func normalize(_ instruction: Instruction) {
    let x = unsafe input(instruction.reads[0]).span
    let scale = unsafe parameter(instruction, 0).span
    switch instruction.operation {
    case .batchNormalization(let channels, let positions, let epsilon):
      normalizeForTraining(instruction, channels: channels, rows: program.batch * positions, epsilon: epsilon)
    case .batchNormalizationBackward(let channels, let positions):
      var dx = unsafe output(instruction.writes[0]).mutableSpan
      var dScale = unsafe gradient(instruction, 0).mutableSpan
      var dShift = unsafe gradient(instruction, 1).mutableSpan
      BatchNormalization.backward(
        channels: channels, rows: program.batch * positions, x: x, dy: unsafe input(instruction.reads[1]).span,
        scale: scale, mean: unsafe input(instruction.reads[2]).span,
        inverseDeviation: unsafe input(instruction.reads[3]).span, dx: &dx, dScale: &dScale, dShift: &dShift)
    case .batchNormalizationEvaluation(let channels, let positions, let epsilon):
      guard let statistics = instruction.statistics.map({ layout[$0] }) else { return }
      var y = unsafe output(instruction.writes[0]).mutableSpan
      BatchNormalization.forwardEvaluation(
        channels: channels, rows: program.batch * positions, epsilon: epsilon, x: x, scale: scale,
        shift: unsafe parameter(instruction, 1).span, runningMean: unsafe parameters(statistics.mean).span,
        runningVariance: unsafe parameters(statistics.variance).span, y: &y)
    default: break
    }
  }

  /// The micro-batch's mean goes to two places: the arena, for the backward pass, and the trailer of the gradient.
  private func normalizeForTraining(_ instruction: Instruction, channels: Int, rows: Int, epsilon: Float) {
    guard let statistics = instruction.statistics.map({ layout[$0] }) else { return }
    var y = unsafe output(instruction.writes[0]).mutableSpan
    var mean = unsafe output(instruction.writes[1]).mutableSpan
    var deviation = unsafe output(instruction.writes[2]).mutableSpan
    var variance = unsafe gradient(statistics.variance).mutableSpan
    BatchNormalization.forwardTraining(
      channels: channels, rows: rows, epsilon: epsilon, x: unsafe input(instruction.reads[0]).span,
      scale: unsafe parameter(instruction, 0).span, shift: unsafe parameter(instruction, 1).span, y: &y, mean: &mean,
      inverseDeviation: &deviation, variance: &variance)
    let trailer = unsafe gradient(statistics.mean)
    _ = unsafe trailer.update(fromContentsOf: output(instruction.writes[1]))
  }
}
