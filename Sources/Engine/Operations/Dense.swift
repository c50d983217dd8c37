import Kernels
import Planner

extension Executor {
  /// Runs a dense layer: forward, to the data, or to the weights; or to the bias alone.
  func multiply(_ instruction: Instruction) {
    let x = unsafe input(instruction.reads[0]).span
    switch instruction.operation {
    case .dense:
      var y = unsafe output(instruction.writes[0]).mutableSpan
      Dense.forward(
        batch: program.batch, x: x, weights: unsafe parameter(instruction, 0).span,
        bias: unsafe parameter(instruction, 1).span, y: &y)
    case .denseBackwardData:
      var dx = unsafe output(instruction.writes[0]).mutableSpan
      Dense.backwardData(batch: program.batch, dy: x, weights: unsafe parameter(instruction, 0).span, dx: &dx)
    case .denseBackwardWeights:
      var weights = unsafe gradient(instruction, 0).mutableSpan
      var bias = unsafe gradient(instruction, 1).mutableSpan
      Dense.backwardWeights(
        batch: program.batch, x: x, dy: unsafe input(instruction.reads[1]).span, dWeights: &weights, dBias: &bias)
    case .biasGradient(let positions, let channels):
      var bias = unsafe gradient(instruction, 0).mutableSpan
      Elementwise.sumRows(rows: program.batch * positions, columns: channels, x: x, into: &bias)
    default: break
    }
  }
}
