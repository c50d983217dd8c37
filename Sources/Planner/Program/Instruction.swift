/// One slot of the arena, by its place in the program's list of slots.
package struct SlotID: Hashable, Sendable {
  package let index: Int
}

/// A tensor's place in the arena.
package struct Slot: Hashable, Sendable {
  /// The layer and the tensor: "conv1 y".
  package let name: String
  /// Numbers (4 bytes each) for the whole micro-batch.
  package let count: Int
  /// The first number's place in the arena, a multiple of 16; set by the arena planner.
  package var offset = 0

  /// The numbers' places in the arena.
  package var range: Range<Int> { offset..<offset + count }
}

/// One parameter, by its place in the layout's list.
package struct ParameterID: Hashable, Sendable {
  package let index: Int
}

/// One layer's running statistics, by their place in the layout's list.
package struct StatisticsID: Hashable, Sendable {
  package let index: Int
}

/// Which part of a training step an instruction belongs to.
package enum Pass: String, Hashable, Sendable {
  case forward
  case loss
  case backward
}

/// One coarse step of a program: an operation with the places of its operands.
package struct Instruction: Hashable, Sendable {
  package var operation: Operation
  package let pass: Pass
  /// The path of the layer in the model tree.
  package let path: String
  package var reads: [SlotID] = []
  package var writes: [SlotID] = []
  package var scratch: SlotID?
  package var parameters: [ParameterID] = []
  package var gradients: [ParameterID] = []
  package var statistics: StatisticsID?
}
