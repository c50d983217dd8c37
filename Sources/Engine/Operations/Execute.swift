import Kernels
import Network
import Planner

extension Executor {
  /// Executes one instruction: hands its operands to the kernel of its operation.
  mutating func execute(_ instruction: Instruction) {
    switch instruction.operation {
    case .convolution, .convolutionBackwardData, .convolutionBackwardWeights: convolve(instruction)
    case .dense, .denseBackwardData, .denseBackwardWeights: multiply(instruction)
    case .maxPooling, .maxPoolingBackward, .averagePooling, .averagePoolingBackward, .globalAveragePooling,
      .globalAveragePoolingBackward:
      pool(instruction)
    case .activation, .softmax: activate(instruction)
    case .activationBackward, .softmaxBackward: activateBackward(instruction)
    case .batchNormalization, .batchNormalizationBackward, .batchNormalizationEvaluation: normalize(instruction)
    case .dropout, .dropoutBackward: drop(instruction)
    case .flatten, .flattenBackward, .add, .concatenate, .extract: rearrange(instruction)
    case .crossEntropy, .crossEntropyBackward: scoreLoss(instruction)
    case .bucketComplete: break
    }
  }
}
