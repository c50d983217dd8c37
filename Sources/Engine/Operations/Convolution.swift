import Kernels
import Operators
import Planner

extension Execution {
  /// y = x ∗ weights + bias.
  func convolution(_ geometry: ConvolutionGeometry, _ algorithm: ConvolutionAlgorithm, _ instruction: Instruction) {
    var y = output(instruction)
    var scratch = scratch(instruction)
    Convolution.forward(
      geometry, algorithm, batch: program.batch, x: input(instruction), weights: parameter(instruction, 0),
      bias: parameter(instruction, 1), y: &y, scratch: &scratch)
  }

  /// The input gradient; added to what has been accumulated before where the instruction reads that too.
  func convolutionBackwardData(
    _ geometry: ConvolutionGeometry, _ algorithm: ConvolutionAlgorithm, _ instruction: Instruction
  ) {
    var dx = output(instruction)
    let isAdding = instruction.reads.count > 1
    if isAdding, !sharesMemory(instruction.reads[1], instruction.writes[0]) {
      Elementwise.copy(input(instruction, 1), into: &dx)
    }
    var scratch = scratch(instruction)
    Convolution.backwardData(
      geometry, algorithm, batch: program.batch, dy: input(instruction), weights: parameter(instruction, 0), dx: &dx,
      scratch: &scratch, adding: isAdding)
  }

  private func sharesMemory(_ a: SlotID, _ b: SlotID) -> Bool { program[a].range == program[b].range }

  /// The weight gradient and that of the bias.
  func convolutionBackwardWeights(
    _ geometry: ConvolutionGeometry, _ algorithm: ConvolutionAlgorithm, _ instruction: Instruction
  ) {
    var weights = gradient(instruction, 0)
    var bias = gradient(instruction, 1)
    var scratch = scratch(instruction)
    Convolution.backwardWeights(
      geometry, algorithm, batch: program.batch, x: input(instruction), dy: input(instruction, 1), dWeights: &weights,
      dBias: &bias, scratch: &scratch)
  }
}

/// Transposed convolution by the kernels of the convolution whose transpose it is: its forward pass is that one's input
/// gradient.
extension Execution {
  /// y = the input gradient of the convolution, at x, + bias.
  func transposedConvolution(
    _ geometry: ConvolutionGeometry, _ algorithm: ConvolutionAlgorithm, _ instruction: Instruction
  ) {
    var y = output(instruction)
    var scratch = scratch(instruction)
    Convolution.backwardData(
      geometry, algorithm, batch: program.batch, dy: input(instruction), weights: parameter(instruction, 0), dx: &y,
      scratch: &scratch)
    guard instruction.parameters.count > 1 else { return }
    Elementwise.addRow(
      rows: program.batch * geometry.input.positions, columns: geometry.inputChannels, row: parameter(instruction, 1),
      into: &y)
  }

  /// The weight gradient and that of the bias: x and dy change places.
  func transposedConvolutionBackwardWeights(
    _ geometry: ConvolutionGeometry, _ algorithm: ConvolutionAlgorithm, _ instruction: Instruction
  ) {
    let dy = input(instruction, 1)
    var weights = gradient(instruction, 0)
    var none = MutableSpan<Float>()
    var scratch = scratch(instruction)
    Convolution.backwardWeights(
      geometry, algorithm, batch: program.batch, x: dy, dy: input(instruction), dWeights: &weights, dBias: &none,
      scratch: &scratch)
    guard instruction.gradients.count > 1 else { return }
    var bias = gradient(instruction, 1)
    Elementwise.sumRows(
      rows: program.batch * geometry.input.positions, columns: geometry.inputChannels, x: dy, into: &bias)
  }
}

/// Fixed filters.
extension Execution {
  /// y = the filter's response to x.
  func filter(_ geometry: FilterGeometry, _ instruction: Instruction) {
    var y = output(instruction)
    FixedFilters.forward(geometry, batch: program.batch, x: input(instruction), y: &y)
  }

  /// The input gradient of a filter.
  func filterBackward(_ geometry: FilterGeometry, _ instruction: Instruction) {
    var dx = output(instruction)
    FixedFilters.backward(geometry, batch: program.batch, dy: input(instruction), dx: &dx)
  }
}
