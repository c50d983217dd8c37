import Kernels
import Operators
import Planner
import Randomness

/// Activations.
extension Execution {
  /// y = f(x).
  func activation(_ function: ActivationFunction, _ instruction: Instruction) {
    var y = output(instruction)
    Activation.forward(function, x: input(instruction), y: &y)
  }

  /// dx = dy · f'(x); what was saved is y, or x where the function needs that.
  func activationBackward(_ function: ActivationFunction, _ instruction: Instruction) {
    var dx = output(instruction)
    Activation.backward(function, saved: input(instruction), dy: input(instruction, 1), dx: &dx)
  }

  /// y = x, times the slope of its column where x is not above 0.
  func prelu(_ rows: Int, _ columns: Int, _ instruction: Instruction) {
    var y = output(instruction)
    Elementwise.rectify(
      rows: program.batch * rows, columns: columns, x: input(instruction), slopes: parameter(instruction, 0), y: &y)
  }

  /// The input gradient of `prelu`.
  func preluBackwardData(_ rows: Int, _ columns: Int, _ instruction: Instruction) {
    var dx = output(instruction)
    Elementwise.rectifyBackward(
      rows: program.batch * rows, columns: columns, x: input(instruction), dy: input(instruction, 1),
      slopes: parameter(instruction, 0), dx: &dx)
  }

  /// The gradient of the slopes of `prelu`.
  func preluBackwardWeights(_ rows: Int, _ columns: Int, _ instruction: Instruction) {
    var slopes = gradient(instruction, 0)
    Elementwise.slopeGradients(
      rows: program.batch * rows, columns: columns, x: input(instruction), dy: input(instruction, 1), into: &slopes)
  }

  /// y = softmax(x) at each position.
  func softmax(_ rows: Int, _ columns: Int, _ instruction: Instruction) {
    var y = output(instruction)
    Activation.softmaxForward(rows: program.batch * rows, columns: columns, x: input(instruction), y: &y)
  }

  /// The input gradient of `softmax`.
  func softmaxBackward(_ rows: Int, _ columns: Int, _ instruction: Instruction) {
    var dx = output(instruction)
    Activation.softmaxBackward(
      rows: program.batch * rows, columns: columns, y: input(instruction), dy: input(instruction, 1), dx: &dx)
  }
}

/// Dropout.
extension Execution {
  /// y = x · mask, with a new mask for each sample.
  func dropout(_ rate: Float, _ subject: UInt64, _ rows: Int, _ columns: Int, _ instruction: Instruction) {
    var mask = output(instruction, 1)
    for sample in 0..<program.batch {
      Dropout.mask(
        rate: rate, stream: stream(subject, sample: sample), sampleElements: columns, mask: &mask,
        at: sample * columns)
    }
    var y = output(instruction)
    Elementwise.multiplyRow(
      blocks: program.batch, rows: rows, columns: columns, x: input(instruction), row: mask.span, y: &y)
  }

  private func stream(_ subject: UInt64, sample: Int) -> RandomStream {
    RandomStream(
      seed: context.seed, purpose: .dropout, subject: subject, time: UInt64(context.step),
      sample: batch.samples[sample])
  }

  /// dx = dy · mask.
  func dropoutBackward(_ rows: Int, _ columns: Int, _ instruction: Instruction) {
    var dx = output(instruction)
    Elementwise.multiplyRow(
      blocks: program.batch, rows: rows, columns: columns, x: input(instruction), row: input(instruction, 1), y: &dx)
  }
}

/// Sums and products of two tensors, and of a tensor and one factor for each channel.
extension Execution {
  /// y = a + b.
  func add(_ instruction: Instruction) {
    var y = output(instruction)
    Elementwise.add(input(instruction), input(instruction, 1), into: &y)
  }

  /// y = a · b.
  func multiply(_ instruction: Instruction) {
    var y = output(instruction)
    Elementwise.multiply(input(instruction), input(instruction, 1), into: &y)
  }

  /// y = x · the sample's factor of the channel.
  func gate(_ positions: Int, _ channels: Int, _ instruction: Instruction) {
    var y = output(instruction)
    Elementwise.multiplyRow(
      blocks: program.batch, rows: positions, columns: channels, x: input(instruction), row: input(instruction, 1),
      y: &y)
  }

  /// The gradient of the factors of `gate`.
  func gateBackward(_ positions: Int, _ channels: Int, _ instruction: Instruction) {
    var factors = output(instruction)
    Elementwise.sumProducts(
      blocks: program.batch, rows: positions, columns: channels, a: input(instruction), b: input(instruction, 1),
      into: &factors)
  }

  /// y = x · the channel's factor, a parameter.
  func channelScale(_ positions: Int, _ channels: Int, _ instruction: Instruction) {
    var y = output(instruction)
    Elementwise.multiplyRow(
      blocks: 1, rows: program.batch * positions, columns: channels, x: input(instruction),
      row: parameter(instruction, 0), y: &y)
  }

  /// The gradient of the factors of `channelScale`.
  func channelScaleBackwardWeights(_ positions: Int, _ channels: Int, _ instruction: Instruction) {
    var factors = gradient(instruction, 0)
    Elementwise.sumProducts(
      blocks: 1, rows: program.batch * positions, columns: channels, a: input(instruction), b: input(instruction, 1),
      into: &factors)
  }
}
