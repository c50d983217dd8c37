package import Planner

/// Executes a program instruction by instruction.
extension Execution {
  /// Runs the program to its end; `observer` is called between the instructions.
  mutating func run<Observer: ProgramObserver & ~Copyable>(_ observer: inout Observer) throws(Observer.Failure) {
    for (index, instruction) in program.instructions.enumerated() {
      if case .bucketComplete(let bucket) = instruction.operation {
        try observer.bucketComplete(bucket)
      } else {
        observer.before(index)
        run(instruction)
        try observer.after(index, in: self)
      }
    }
  }

  /// Executes one instruction: hands its operands to the kernel of its operation.
  private mutating func run(_ instruction: Instruction) {
    switch instruction.operation {
    case .convolution(let geometry, let algorithm): convolution(geometry, algorithm, instruction)
    case .convolutionBackwardData(let geometry, let algorithm):
      convolutionBackwardData(geometry, algorithm, instruction)
    case .convolutionBackwardWeights(let geometry, let algorithm):
      convolutionBackwardWeights(geometry, algorithm, instruction)
    case .transposedConvolution(let geometry, let algorithm): transposedConvolution(geometry, algorithm, instruction)
    case .transposedConvolutionBackwardWeights(let geometry, let algorithm):
      transposedConvolutionBackwardWeights(geometry, algorithm, instruction)
    case .filter(let geometry): filter(geometry, instruction)
    case .filterBackward(let geometry): filterBackward(geometry, instruction)
    case .dense: dense(instruction)
    case .denseBackwardData: denseBackwardData(instruction)
    case .denseBackwardWeights: denseBackwardWeights(instruction)
    case .biasGradient(let positions, let channels): biasGradient(positions, channels, instruction)
    case .maxPooling(let window, let channels): maxPooling(window, channels, instruction)
    case .maxPoolingBackward(let window, let channels): maxPoolingBackward(window, channels, instruction)
    case .resample(let map): resample(map, instruction)
    case .powerPooling(let window, let channels, let exponent): powerPooling(window, channels, exponent, instruction)
    case .powerPoolingBackward(let window, let channels, let exponent):
      powerPoolingBackward(window, channels, exponent, instruction)
    case .globalAveragePooling(let positions, let channels): globalAveragePooling(positions, channels, instruction)
    case .globalAveragePoolingBackward(let positions, let channels):
      globalAveragePoolingBackward(positions, channels, instruction)
    case .activation(let function, _): activation(function, instruction)
    case .activationBackward(let function, _): activationBackward(function, instruction)
    case .prelu(let rows, let columns): prelu(rows, columns, instruction)
    case .preluBackwardData(let rows, let columns): preluBackwardData(rows, columns, instruction)
    case .preluBackwardWeights(let rows, let columns): preluBackwardWeights(rows, columns, instruction)
    case .softmax(let rows, let columns): softmax(rows, columns, instruction)
    case .softmaxBackward(let rows, let columns): softmaxBackward(rows, columns, instruction)
    case .batchNormalization(let channels, let positions, let epsilon, let tail):
      batchNormalization(channels, positions, epsilon, tail, instruction)
    case .batchNormalizationBackward(let channels, let positions):
      batchNormalizationBackward(channels, positions, instruction)
    case .batchNormalizationEvaluation(let channels, let positions, let epsilon, let tail):
      batchNormalizationEvaluation(channels, positions, epsilon, tail, instruction)
    case .batchNormalizationEvaluationBackwardData(let channels, let positions, let epsilon):
      batchNormalizationEvaluationBackwardData(channels, positions, epsilon, instruction)
    case .batchNormalizationEvaluationBackwardWeights(let channels, let positions, let epsilon):
      batchNormalizationEvaluationBackwardWeights(channels, positions, epsilon, instruction)
    case .groupNormalization(let groups, let epsilon): groupNormalization(groups, epsilon, instruction)
    case .groupNormalizationBackward(let groups): groupNormalizationBackward(groups, instruction)
    case .localResponse(let response, let positions): localResponse(response, positions, instruction)
    case .localResponseBackward(let response, let positions): localResponseBackward(response, positions, instruction)
    case .dropout(let rate, let subject, let rows, let columns): dropout(rate, subject, rows, columns, instruction)
    case .dropoutBackward(let rows, let columns): dropoutBackward(rows, columns, instruction)
    case .transpose(let blocks, let rows, let columns): transpose(blocks, rows, columns, instruction)
    case .shift(let from, let to, let top, let left): shift(from, to, top, left, instruction)
    case .add: add(instruction)
    case .multiply: multiply(instruction)
    case .gate(let positions, let channels): gate(positions, channels, instruction)
    case .gateBackward(let positions, let channels): gateBackward(positions, channels, instruction)
    case .channelScale(let positions, let channels): channelScale(positions, channels, instruction)
    case .channelScaleBackwardWeights(let positions, let channels):
      channelScaleBackwardWeights(positions, channels, instruction)
    case .concatenate(let positions, let widths): concatenate(positions, widths, instruction)
    case .extract(let positions, let total, let offset, let width):
      extract(positions, total, offset, width, instruction)
    case .loss(let term): loss(term, instruction)
    case .bucketComplete: break
    }
  }
}

/// What an observer may look at.
extension Execution {
  /// Hands the values of a slot to `body`. The slot must be live.
  package func read<Result>(_ id: SlotID, _ body: (Span<Float>) -> Result) -> Result { body(values(id)) }

  /// A copy of the values of a slot. The slot must be live.
  package func numbers(_ id: SlotID) -> [Float] { read(id) { span in span.indices.map { span[$0] } } }

  /// Hands the gradient of a parameter to `body`.
  package func readGradient<Result>(_ id: ParameterID, _ body: (Span<Float>) -> Result) -> Result {
    let values = gradient(layout[id].range)
    return body(values.span)
  }
}
