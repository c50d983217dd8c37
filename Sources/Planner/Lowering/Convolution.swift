import Network

extension Lowering {
  /// A convolution and, if it needs one, the scratch of its columns.
  mutating func convolution(_ layer: ConvolutionLayer, path: String, input: Value, output: Shape) -> Value {
    let geometry = layer.geometry(for: input.shape)
    let block = Im2col.blockPixels(geometry, batch: batch)
    let parameters = register(layer, path: path, input: input.shape)
    let y = slot("\(path) y", perSample: output.count)
    forward(
      Instruction(
        operation: .convolution(geometry, blockPixels: block), pass: .forward, path: path, reads: [input.slot],
        writes: [y], scratch: columns(geometry, block, path), parameters: parameters),
      inputs: [input])
    return Value(slot: y, shape: output, isTrainable: true)
  }

  /// The gradient of the weights, then that of the input where it is wanted: not for the first layer.
  mutating func convolutionBackward(
    _ record: Record, _ geometry: ConvolutionGeometry, blockPixels: Int, dy: SlotID
  ) {
    let forward = record.instruction
    instructions.append(
      Instruction(
        operation: .convolutionBackwardWeights(geometry, blockPixels: blockPixels), pass: .backward,
        path: forward.path, reads: [forward.reads[0], dy], scratch: columns(geometry, blockPixels, forward.path),
        gradients: forward.parameters))
    guard record.wantsGradient[0] else { return }
    backwardData(
      .convolutionBackwardData(geometry, blockPixels: blockPixels), of: record, reads: [dy],
      parameters: [forward.parameters[0]], scratch: columns(geometry, blockPixels, forward.path))
  }

  /// A transposed convolution is the backward pass of its convolution.
  mutating func transposedConvolution(
    _ layer: TransposedConvolutionLayer, path: String, input: Value, output: Shape
  ) -> Value {
    let geometry = layer.transposed(for: input.shape)
    let block = Im2col.blockPixels(geometry, batch: batch)
    let parameters = register(layer, path: path, input: input.shape)
    let y = slot("\(path) y", perSample: output.count)
    forward(
      Instruction(
        operation: .transposedConvolution(geometry, blockPixels: block), pass: .forward, path: path,
        reads: [input.slot], writes: [y], scratch: columns(geometry, block, path), parameters: parameters),
      inputs: [input])
    return Value(slot: y, shape: output, isTrainable: true)
  }

  /// The gradient of the weights, then that of the input, which is the convolution.
  mutating func transposedConvolutionBackward(
    _ record: Record, _ geometry: ConvolutionGeometry, blockPixels: Int, dy: SlotID
  ) {
    let forward = record.instruction
    instructions.append(
      Instruction(
        operation: .transposedConvolutionBackwardWeights(geometry, blockPixels: blockPixels), pass: .backward,
        path: forward.path, reads: [forward.reads[0], dy], scratch: columns(geometry, blockPixels, forward.path),
        gradients: forward.parameters))
    guard record.wantsGradient[0] else { return }
    backwardData(
      .convolution(geometry, blockPixels: blockPixels), of: record, reads: [dy],
      parameters: [forward.parameters[0]], scratch: columns(geometry, blockPixels, forward.path))
  }

  private mutating func columns(_ geometry: ConvolutionGeometry, _ blockPixels: Int, _ path: String) -> SlotID? {
    geometry.isPointwise ? nil : slot("\(path) columns", count: blockPixels * geometry.rowCount)
  }
}

/// How the columns of a convolution are cut.
///
/// Source: Chellapilla, Puri and Simard, "High performance convolutional neural networks for document processing", 2006.
enum Im2col {
  /// Numbers of a block of columns: 256 KiB, which stays in the second-level cache between its making and its
  /// use.
  private static let blockNumbers = 1 << 16

  /// How many output pixels of the micro-batch are turned into columns at a time. From the shape alone: the order of
  /// the sums in the gradient of the weights depends on it.
  static func blockPixels(_ geometry: ConvolutionGeometry, batch: Int) -> Int {
    min(batch * geometry.output.positions, max(64, blockNumbers / geometry.rowCount))
  }
}
