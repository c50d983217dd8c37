import Kernels
import Network
import Planner

extension Executor {
  /// Runs a transposed convolution with the kernels of the convolution whose transpose it is: its forward pass is that
  /// one's gradient to the data.
  func convolveTransposed(_ instruction: Instruction) {
    let x = unsafe input(instruction.reads[0]).span
    var scratch = unsafe scratch(instruction).mutableSpan
    switch instruction.operation {
    case .transposedConvolution(let geometry, let algorithm):
      var y = unsafe output(instruction.writes[0]).mutableSpan
      Convolution.backwardData(
        geometry, algorithm, batch: program.batch, dy: x,
        weights: unsafe parameter(instruction, 0).span, dx: &y, scratch: &scratch)
      guard instruction.parameters.count > 1 else { return }
      Elementwise.addRow(
        rows: program.batch * geometry.input.positions, columns: geometry.inputChannels,
        row: unsafe parameter(instruction, 1).span, into: &y)
    case .transposedConvolutionBackwardWeights(let geometry, let algorithm):
      let dy = unsafe input(instruction.reads[1]).span
      var weights = unsafe gradient(instruction, 0).mutableSpan
      var none = MutableSpan<Float>()
      Convolution.backwardWeights(
        geometry, algorithm, batch: program.batch, x: dy, dy: x, dWeights: &weights, dBias: &none,
        scratch: &scratch)
      guard instruction.gradients.count > 1 else { return }
      var bias = unsafe gradient(instruction, 1).mutableSpan
      Elementwise.sumRows(
        rows: program.batch * geometry.input.positions, columns: geometry.inputChannels, x: dy, into: &bias)
    default: break
    }
  }
}
