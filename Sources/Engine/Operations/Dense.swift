import Kernels
import Planner

extension Execution {
  /// y = x · weightsᵀ + bias.
  func dense(_ instruction: Instruction) {
    var y = output(instruction)
    Dense.forward(
      batch: program.batch, x: input(instruction), weights: parameter(instruction, 0),
      bias: parameter(instruction, 1), y: &y)
  }

  /// The input gradient.
  func denseBackwardData(_ instruction: Instruction) {
    var dx = output(instruction)
    Dense.backwardData(batch: program.batch, dy: input(instruction), weights: parameter(instruction, 0), dx: &dx)
  }

  /// The weight gradient and that of the bias.
  func denseBackwardWeights(_ instruction: Instruction) {
    var weights = gradient(instruction, 0)
    var bias = gradient(instruction, 1)
    Dense.backwardWeights(
      batch: program.batch, x: input(instruction), dy: input(instruction, 1), dWeights: &weights, dBias: &bias)
  }

  /// The gradient of a bias alone.
  func biasGradient(_ positions: Int, _ channels: Int, _ instruction: Instruction) {
    var bias = gradient(instruction, 0)
    Elementwise.sumRows(
      rows: program.batch * positions, columns: channels, x: input(instruction), into: &bias)
  }
}
