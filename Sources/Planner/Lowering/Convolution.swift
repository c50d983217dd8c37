import Network
import Operators

/// Convolutions, and transposed ones, which are the backward pass of a convolution: of the three passes of that
/// convolution each kind of layer runs one forward and the other two backward.
extension Lowering {
  /// A convolution.
  mutating func convolution(_ layer: ConvolutionLayer, path: String, input: Value, output: Shape) -> Value {
    convolve(layer, .forward, layer.geometry(for: input.shape), path: path, input: input, output: output) {
      .convolution($0, $1)
    }
  }

  /// A transposed convolution is the input gradient of its convolution.
  mutating func transposedConvolution(
    _ layer: TransposedConvolutionLayer, path: String, input: Value, output: Shape
  ) -> Value {
    convolve(layer, .backwardData, layer.transposed(for: input.shape), path: path, input: input, output: output) {
      .transposedConvolution($0, $1)
    }
  }

  private typealias Make = (ConvolutionGeometry, ConvolutionAlgorithm) -> Operation

  private mutating func convolve(
    _ layer: any LayerDescription, _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, path: String, input: Value,
    output: Shape, _ make: Make
  ) -> Value {
    let (algorithm, scratch) = algorithm(pass, geometry, path)
    let parameters = register(layer, path: path, input: input.shape)
    let y = slot("\(path) y", perSample: output.count)
    forward(
      Instruction(
        operation: make(geometry, algorithm), pass: .forward, path: path, reads: [input.slot], writes: [y],
        scratch: scratch, parameters: parameters),
      inputs: [input])
    return Value(slot: y, shape: output, isTrainable: input.isTrainable || trains(parameters))
  }

  /// The backward pass of a convolution.
  mutating func convolutionBackward(_ record: Record, _ geometry: ConvolutionGeometry, dy: SlotID) {
    convolveBackward(
      record, geometry, channels: geometry.outputChannels, dy: dy,
      weights: { .convolutionBackwardWeights($0, $1) }, .backwardData,
      data: { .convolutionBackwardData($0, $1) })
  }

  /// The backward pass of a transposed convolution: its input gradient is the convolution.
  mutating func transposedConvolutionBackward(_ record: Record, _ geometry: ConvolutionGeometry, dy: SlotID) {
    convolveBackward(
      record, geometry, channels: geometry.inputChannels, dy: dy,
      weights: { .transposedConvolutionBackwardWeights($0, $1) }, .forward,
      data: { .convolution($0, $1) })
  }

  /// The gradients of the parameters that are trained, then that of the input where it is wanted: not for the first
  /// layer.
  private mutating func convolveBackward(
    _ record: Record, _ geometry: ConvolutionGeometry, channels: Int, dy: SlotID, weights: Make,
    _ dataPass: ConvolutionPass, data: Make
  ) {
    let forward = record.instruction
    if trains([forward.parameters[0]]) {
      let (algorithm, scratch) = algorithm(.backwardWeights, geometry, forward.path)
      backwardWeights(weights(geometry, algorithm), of: record, reads: [forward.reads[0], dy], scratch: scratch)
    } else {
      backwardBias(of: record, channels: channels, dy: dy)
    }
    guard record.wantsGradient[0] else { return }
    let (dataAlgorithm, dataScratch) = algorithm(dataPass, geometry, forward.path)
    backwardData(
      data(geometry, dataAlgorithm), of: record, reads: [dy], parameters: [forward.parameters[0]],
      scratch: dataScratch)
  }

  /// The algorithm of one pass and its scratch.
  private mutating func algorithm(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ path: String
  ) -> (ConvolutionAlgorithm, SlotID) {
    let algorithm = ConvolutionChoice.algorithm(
      pass, geometry, batch: batch, winograd: options.winograd)
    return (algorithm, slot("\(path) scratch", count: algorithm.scratchCount(pass, geometry)))
  }
}
