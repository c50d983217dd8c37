/// A result that takes the memory of an operand: an operation that goes element by element through that operand has
/// read each of them when it writes its own, and what it writes then is in the cache already.
struct Overwriting: Hashable {
  /// The result.
  let write: SlotID
  /// The operand, which the instruction reads only once and nobody reads afterwards.
  let read: SlotID
}

extension Overwriting {
  /// The operands that results of `instruction`, at `index` of the program, may lie on.
  ///
  /// - Parameters:
  ///   - lives: the lives of all slots; nil for those that lie outside the arena.
  ///   - slots: all slots.
  static func possible(
    in instruction: Instruction, at index: Int, lives: [ArenaPlanner.Life?], slots: [Slot]
  ) -> [Overwriting] {
    guard let write = instruction.writes.first else { return [] }
    return instruction.operation.overwritable
      .filter(instruction.reads.indices.contains)
      .map { Overwriting(write: write, read: instruction.reads[$0]) }
      .filter { pair in
        // A convolution may be asked to add the very gradient that it multiplies: then it needs that to its end.
        guard instruction.reads.count(where: { $0 == pair.read }) == 1 else { return false }
        guard let life = lives[pair.read.index], let written = lives[pair.write.index] else { return false }
        return life.upperBound == index && written.lowerBound == index
          && slots[pair.read.index].count == slots[pair.write.index].count
      }
  }
}

extension Operation {
  /// The reads that the first result may overwrite, best first.
  fileprivate var overwritable: [Int] {
    switch self {
    case .add, .multiply: [0, 1]
    case .activation, .dropout, .dropoutBackward, .batchNormalizationEvaluationBackwardData: [0]
    // What came last from the instruction before is nearer.
    case .activationBackward, .batchNormalizationBackward: [1, 0]
    case .convolutionBackwardData: [1]
    // The residual, if any, comes second.
    case .batchNormalization, .batchNormalizationEvaluation: [1, 0]
    // These come back to an element, or write elsewhere than they have just read.
    case .convolution, .convolutionBackwardWeights, .transposedConvolution, .transposedConvolutionBackwardWeights,
      .filter, .filterBackward, .dense, .denseBackwardData, .denseBackwardWeights, .biasGradient, .maxPooling,
      .maxPoolingBackward, .resample, .powerPooling, .powerPoolingBackward, .globalAveragePooling,
      .globalAveragePoolingBackward, .softmax, .softmaxBackward, .batchNormalizationEvaluationBackwardWeights,
      .groupNormalization, .groupNormalizationBackward, .localResponse, .localResponseBackward, .transpose, .shift,
      .gate, .gateBackward, .channelScale, .channelScaleBackwardWeights, .concatenate, .extract, .loss, .bucketComplete:
      []
    }
  }
}
