/// One slot of the arena, by its index in the program's list of slots.
package struct SlotID: Hashable, Sendable {
  /// The index in the list.
  package let index: Int
}

/// A tensor in the arena.
package struct Slot: Hashable, Sendable {
  /// The layer and the tensor: "conv1 y".
  package let name: String
  /// Elements (4 bytes each) for the whole micro-batch.
  package let count: Int
  /// The first element's offset in the arena, in elements, a multiple of 16; set by the arena planner.
  package var offset = 0

  /// The elements of the arena that the tensor takes.
  package var range: Range<Int> { offset..<offset + count }
}

/// One parameter, by its index in the layout's list.
package struct ParameterID: Hashable, Sendable {
  /// The index in the list.
  package let index: Int
}

/// One layer's running statistics, by their index in the layout's list.
package struct StatisticsID: Hashable, Sendable {
  /// The index in the list.
  package let index: Int
}

/// Which part of a training step an instruction belongs to.
package enum Pass: String, Hashable, Sendable {
  /// From the images to the logits.
  case forward
  /// The loss and its gradient.
  case loss
  /// From the gradient of the logits to those of the parameters.
  case backward
  /// What the forward pass computed and gave up, once more for the backward pass.
  case recomputation
  /// What goes from rank to rank.
  case exchange
}

/// One coarse step of a program: an operation with its operands.
package struct Instruction: Hashable, Sendable {
  /// What is computed.
  package var operation: Operation
  /// Which part of the step it belongs to.
  package var pass: Pass
  /// The path of the layer in the model tree; empty for what belongs to no layer.
  package let path: String
  /// The slots that are read, in the order that the operation names.
  package var reads: [SlotID] = []
  /// The slots that are written, in the order that the operation names.
  package var writes: [SlotID] = []
  /// The slot that the operation works in; what it holds before and after means nothing.
  package var scratch: SlotID?
  /// The parameters that are read.
  package var parameters: [ParameterID] = []
  /// The parameters whose gradients are written, in the order that the operation names; nil in the place of a frozen
  /// one that is followed by a trained one.
  package var gradients: [ParameterID?] = []
  /// The running statistics that are read, or whose observation is written; nil where they have been observed before.
  package var statistics: StatisticsID?

  /// The parameters whose gradients are written.
  package var writtenGradients: [ParameterID] { gradients.compactMap(\.self) }
}

extension Instruction {
  /// Whether the statistics of the instruction are written: those of the micro-batch go to the gradient.
  var observesStatistics: Bool {
    guard case .batchNormalization = operation else { return false }
    return statistics != nil
  }

  /// Whether the instruction does something that counts by itself, or writes a slot that is wanted.
  func isWanted(by wanted: Set<SlotID>) -> Bool {
    if !gradients.isEmpty || observesStatistics || !wanted.isDisjoint(with: writes) { return true }
    if case .loss = operation { return true }
    if case .bucketComplete = operation { return true }
    return false
  }
}
