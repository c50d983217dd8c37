import Kernels
import Network
import Planner

extension Executor {
  /// Executes one instruction: hands its operands to the kernel of its operation.
  mutating func execute(_ instruction: Instruction) {
    switch instruction.operation {
    case .convolution, .convolutionBackwardData, .convolutionBackwardWeights: convolve(instruction)
    case .transposedConvolution, .transposedConvolutionBackwardWeights: convolveTransposed(instruction)
    case .dense, .denseBackwardData, .denseBackwardWeights, .biasGradient: multiply(instruction)
    case .filter, .filterBackward, .resample: map(instruction)
    case .maxPooling, .maxPoolingBackward, .powerPooling, .powerPoolingBackward, .globalAveragePooling,
      .globalAveragePoolingBackward:
      pool(instruction)
    case .activation, .softmax: activate(instruction)
    case .activationBackward, .softmaxBackward: activateBackward(instruction)
    case .batchNormalization, .batchNormalizationBackward, .batchNormalizationEvaluation,
      .batchNormalizationEvaluationBackwardData, .batchNormalizationEvaluationBackwardWeights:
      normalize(instruction)
    case .groupNormalization, .groupNormalizationBackward, .localResponse, .localResponseBackward:
      normalizeSamples(instruction)
    case .dropout, .dropoutBackward: drop(instruction)
    case .multiply, .gate, .gateBackward, .channelScale, .channelScaleBackwardWeights: scale(instruction)
    case .transpose, .shift, .add, .concatenate, .extract: rearrange(instruction)
    case .loss(let term): score(term, instruction)
    case .bucketComplete: break
    }
  }
}
