import Network

extension Lowering {
  /// A convolution and its scratch.
  mutating func convolution(_ layer: ConvolutionLayer, path: String, input: Value, output: Shape) -> Value {
    let geometry = layer.geometry(for: input.shape)
    let (algorithm, scratch) = algorithm(.forward, geometry, path)
    let parameters = register(layer, path: path, input: input.shape)
    let y = slot("\(path) y", perSample: output.count)
    forward(
      Instruction(
        operation: .convolution(geometry, algorithm), pass: .forward, path: path, reads: [input.slot],
        writes: [y], scratch: scratch, parameters: parameters),
      inputs: [input])
    return Value(slot: y, shape: output, isTrainable: true)
  }

  /// The gradient of the weights, then that of the input where it is wanted: not for the first layer.
  mutating func convolutionBackward(
    _ record: Record, _ geometry: ConvolutionGeometry, dy: SlotID
  ) {
    let forward = record.instruction
    let (weights, scratch) = algorithm(.backwardWeights, geometry, forward.path)
    instructions.append(
      Instruction(
        operation: .convolutionBackwardWeights(geometry, weights), pass: .backward, path: forward.path,
        reads: [forward.reads[0], dy], scratch: scratch, gradients: forward.parameters))
    guard record.wantsGradient[0] else { return }
    let (data, dataScratch) = algorithm(.backwardData, geometry, forward.path)
    backwardData(
      .convolutionBackwardData(geometry, data), of: record, reads: [dy], parameters: [forward.parameters[0]],
      scratch: dataScratch)
  }

  /// A transposed convolution is the backward pass of its convolution.
  mutating func transposedConvolution(
    _ layer: TransposedConvolutionLayer, path: String, input: Value, output: Shape
  ) -> Value {
    let geometry = layer.transposed(for: input.shape)
    let (algorithm, scratch) = algorithm(.backwardData, geometry, path)
    let parameters = register(layer, path: path, input: input.shape)
    let y = slot("\(path) y", perSample: output.count)
    forward(
      Instruction(
        operation: .transposedConvolution(geometry, algorithm), pass: .forward, path: path,
        reads: [input.slot], writes: [y], scratch: scratch, parameters: parameters),
      inputs: [input])
    return Value(slot: y, shape: output, isTrainable: true)
  }

  /// The gradient of the weights, then that of the input, which is the convolution.
  mutating func transposedConvolutionBackward(
    _ record: Record, _ geometry: ConvolutionGeometry, dy: SlotID
  ) {
    let forward = record.instruction
    let (weights, scratch) = algorithm(.backwardWeights, geometry, forward.path)
    instructions.append(
      Instruction(
        operation: .transposedConvolutionBackwardWeights(geometry, weights), pass: .backward, path: forward.path,
        reads: [forward.reads[0], dy], scratch: scratch, gradients: forward.parameters))
    guard record.wantsGradient[0] else { return }
    let (data, dataScratch) = algorithm(.forward, geometry, forward.path)
    backwardData(
      .convolution(geometry, data), of: record, reads: [dy], parameters: [forward.parameters[0]],
      scratch: dataScratch)
  }

  /// The algorithm of one pass and its scratch.
  private mutating func algorithm(
    _ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, _ path: String
  ) -> (ConvolutionAlgorithm, SlotID) {
    let algorithm = ConvolutionChoice.algorithm(
      pass, geometry, batch: batch, usesWinograd: options.winograd != .off)
    return (algorithm, slot("\(path) scratch", count: algorithm.scratchCount(pass, geometry)))
  }
}
