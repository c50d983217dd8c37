import Kernels
import Operators
import Planner

extension Execution {
  /// y = the largest value of each window, and where it was.
  func maxPooling(_ window: Window, _ channels: Int, _ instruction: Instruction) {
    var y = output(instruction)
    var indices = outputIndices(instruction, 1)
    Pooling.maxForward(
      window: window, channels: channels, batch: program.batch, x: input(instruction), y: &y, indices: &indices)
  }

  /// dy goes to where the largest values were.
  func maxPoolingBackward(_ window: Window, _ channels: Int, _ instruction: Instruction) {
    var dx = output(instruction)
    Pooling.maxBackward(
      window: window, channels: channels, batch: program.batch, dy: input(instruction),
      indices: inputIndices(instruction, 1), dx: &dx)
  }

  /// y = the p-norm of each window.
  func powerPooling(_ window: Window, _ channels: Int, _ exponent: Float, _ instruction: Instruction) {
    var y = output(instruction)
    Pooling.powerForward(
      window: window, channels: channels, batch: program.batch, exponent: exponent, x: input(instruction), y: &y)
  }

  /// The input gradient of `powerPooling`.
  func powerPoolingBackward(_ window: Window, _ channels: Int, _ exponent: Float, _ instruction: Instruction) {
    var dx = output(instruction)
    Pooling.powerBackward(
      window: window, channels: channels, batch: program.batch, exponent: exponent, x: input(instruction),
      y: input(instruction, 1), dy: input(instruction, 2), dx: &dx)
  }

  /// y = the mean of each channel.
  func globalAveragePooling(_ positions: Int, _ channels: Int, _ instruction: Instruction) {
    var y = output(instruction)
    Pooling.globalAverageForward(
      positions: positions, channels: channels, batch: program.batch, x: input(instruction), y: &y)
  }

  /// dy is spread over the positions of each channel.
  func globalAveragePoolingBackward(_ positions: Int, _ channels: Int, _ instruction: Instruction) {
    var dx = output(instruction)
    Pooling.globalAverageBackward(
      positions: positions, channels: channels, batch: program.batch, dy: input(instruction), dx: &dx)
  }

  /// Means over windows and interpolation, forward and backward: each is a fixed map.
  func resample(_ map: Resampling, _ instruction: Instruction) {
    var y = output(instruction)
    Resample.apply(map, batch: program.batch, x: input(instruction), y: &y)
  }
}
