import Network
import Operators

/// Which function lowers a layer of the tree. They stand in a file for each kind of layer, beside what differentiates
/// them.
extension Lowering: ModelVisitor {
  func shape(of value: Value) -> Shape { value.shape }

  /// Heads have no part in the evaluation.
  var walksHeads: Bool { isTraining }

  mutating func head(_ head: Head, path: String, output: Value) { heads.append((head, path, output)) }

  mutating func layer(_ layer: Layer, path: String, input: Value, output: Shape) -> Value {
    switch layer {
    case .convolution(let layer): convolution(layer, path: path, input: input, output: output)
    case .transposedConvolution(let layer): transposedConvolution(layer, path: path, input: input, output: output)
    case .filter(let layer): filter(layer, path: path, input: input, output: output)
    case .dense(let layer): dense(layer, path: path, input: input, output: output)
    case .batchNormalization(let layer): batchNormalization(layer, path: path, input: input)
    case .groupNormalization(let layer): groupNormalization(layer, path: path, input: input)
    case .instanceNormalization(let layer): groupNormalization(layer, path: path, input: input)
    case .layerNormalization(let layer): groupNormalization(layer, path: path, input: input)
    case .localResponseNormalization(let layer): localResponse(layer, path: path, input: input)
    case .maxPooling(let layer):
      maxPooling(layer.window(for: input.shape), path: path, input: input, output: output)
    case .globalMaxPooling(let layer):
      maxPooling(layer.window(for: input.shape), path: path, input: input, output: output)
    case .averagePooling(let layer): resample(layer, path: path, input: input, output: output)
    case .adaptiveAveragePooling(let layer): resample(layer, path: path, input: input, output: output)
    case .gaussianPooling(let layer): resample(layer, path: path, input: input, output: output)
    case .upsampling(let layer): resample(layer, path: path, input: input, output: output)
    case .powerPooling(let layer): powerPooling(layer, path: path, input: input, output: output)
    case .globalAveragePooling: globalAveragePooling(path: path, input: input, output: output)
    case .activation(let function): activation(function, path: path, input: input)
    case .prelu(let layer): prelu(layer, path: path, input: input)
    case .softmax: softmax(path: path, input: input)
    case .dropout(let layer): dropout(layer, path: path, input: input)
    case .spatialDropout(let layer): dropout(layer, path: path, input: input)
    case .stochasticDepth(let layer): dropout(layer, path: path, input: input)
    case .flatten: flatten(path: path, input: input, output: output)
    case .identity: input
    case .reshape: reshape(path: path, input: input, output: output)
    case .zeroPadding(let layer):
      shift(top: layer.padding.top, left: layer.padding.left, path: path, input: input, output: output)
    case .crop(let layer):
      shift(top: -layer.edges.top, left: -layer.edges.left, path: path, input: input, output: output)
    case .channelShuffle(let layer): channelShuffle(layer, path: path, input: input)
    case .layerScale(let layer): layerScale(layer, path: path, input: input)
    }
  }

  mutating func merge(_ merge: Module.Merge, path: String, inputs: [Value], output: Shape) -> Value {
    switch merge {
    case .add: add(path: path, inputs: inputs, output: output)
    case .concat: concatenate(path: path, inputs: inputs, output: output)
    case .multiply: multiply(path: path, inputs: inputs, output: output)
    }
  }
}

/// Which function differentiates an instruction.
extension Lowering {
  /// Appends the instructions that turn the gradient of an instruction's result into those of its operands.
  mutating func differentiate(_ record: Record, dy: SlotID) {
    let (reads, writes) = (record.instruction.reads, record.instruction.writes)
    switch record.instruction.operation {
    case .convolution(let geometry, _): convolutionBackward(record, geometry, dy: dy)
    case .dense(let inputs, let outputs): denseBackward(record, inputs: inputs, outputs: outputs, dy: dy)
    case .transposedConvolution(let geometry, _): transposedConvolutionBackward(record, geometry, dy: dy)
    case .filter(let geometry): backwardData(.filterBackward(geometry), of: record, reads: [dy])
    case .maxPooling(let window, let channels):
      backwardData(.maxPoolingBackward(window, channels: channels), of: record, reads: [dy, writes[1]])
    case .resample(let map): backwardData(.resample(map.transposed), of: record, reads: [dy])
    case .powerPooling(let window, let channels, let exponent):
      let operation = Operation.powerPoolingBackward(window, channels: channels, exponent: exponent)
      backwardData(operation, of: record, reads: [reads[0], writes[0], dy])
    case .globalAveragePooling(let positions, let channels):
      backwardData(.globalAveragePoolingBackward(positions: positions, channels: channels), of: record, reads: [dy])
    case .activation(let function, let count): activationBackward(record, function, count: count, dy: dy)
    case .prelu(let rows, let columns): preluBackward(record, rows: rows, columns: columns, dy: dy)
    case .softmax(let rows, let columns):
      backwardData(.softmaxBackward(rows: rows, columns: columns), of: record, reads: [writes[0], dy])
    case .batchNormalization(let channels, let positions, _, let tail):
      batchNormalizationBackward(record, channels: channels, positions: positions, tail, dy: dy)
    case .batchNormalizationEvaluation(let channels, let positions, let epsilon, let tail):
      let sizes = (channels: channels, positions: positions, epsilon: epsilon)
      frozenNormalizationBackward(record, sizes, tail, dy: dy)
    case .groupNormalization(let groups, _): groupNormalizationBackward(record, groups, dy: dy)
    case .localResponse(let response, let positions):
      let operation = Operation.localResponseBackward(response, positions: positions)
      backwardData(operation, of: record, reads: [reads[0]] + writes + [dy])
    case .dropout(_, _, let rows, let columns):
      backwardData(.dropoutBackward(rows: rows, columns: columns), of: record, reads: [dy, writes[1]])
    case .transpose(let blocks, let rows, let columns):
      backwardData(.transpose(blocks: blocks, rows: columns, columns: rows), of: record, reads: [dy])
    case .shift(let from, let to, let top, let left):
      backwardData(.shift(from: to, to: from, top: -top, left: -left), of: record, reads: [dy])
    case .add: addBackward(record, dy: dy)
    case .multiply(let count): multiplyBackward(record, count: count, dy: dy)
    case .gate(let positions, let channels): gateBackward(record, positions: positions, channels: channels, dy: dy)
    case .channelScale(let positions, let channels):
      layerScaleBackward(record, positions: positions, channels: channels, dy: dy)
    case .concatenate(let positions, let widths):
      concatenateBackward(record, positions: positions, widths: widths, dy: dy)
    case .convolutionBackwardData, .convolutionBackwardWeights, .transposedConvolutionBackwardWeights, .filterBackward,
      .denseBackwardData, .denseBackwardWeights, .biasGradient, .maxPoolingBackward, .powerPoolingBackward,
      .globalAveragePoolingBackward, .activationBackward, .preluBackwardData, .preluBackwardWeights, .softmaxBackward,
      .batchNormalizationBackward, .batchNormalizationEvaluationBackwardData,
      .batchNormalizationEvaluationBackwardWeights, .groupNormalizationBackward, .localResponseBackward,
      .dropoutBackward, .gateBackward, .channelScaleBackwardWeights, .extract, .loss, .bucketComplete:
      preconditionFailure("\(record.instruction.operation.kind) is not differentiated")
    }
  }
}
