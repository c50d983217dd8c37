package import Engine
package import Kernels
import Planner

/// A tensor of a step that holds numbers which are not finite.
package struct NotFinite: Hashable, Sendable {
  /// The path of the layer.
  package let layer: String
  /// The tensor as the plan names it: an activation, or the gradient of a parameter.
  package let tensor: String
  /// How many of its numbers are not finite, among how many, and what wrote them.
  let extent: String

  /// A clause: where, how many, after what.
  package var clause: String { "layer '\(layer)': \(extent)" }

  /// What an instruction has written.
  package init(_ summary: TensorSummary, of tensor: String, after kind: String, layer: String) {
    (self.layer, self.tensor) = (layer, tensor)
    extent = "\(summary.notFinite) of the \(summary.count) numbers of '\(tensor)' are not finite after \(kind)"
  }

  /// A loss that is not finite though its gradient is.
  static let loss = NotFinite(layer: "loss", tensor: "loss", extent: "the sum of the losses is not finite")

  private init(layer: String, tensor: String, extent: String) {
    (self.layer, self.tensor, self.extent) = (layer, tensor, extent)
  }
}

extension Execution {
  /// Hands the name and the summary of each tensor that an instruction has written to `body`.
  package func summarize(
    _ index: Int, _ body: (_ name: String, _ summary: TensorSummary) throws(RunError) -> Void
  ) throws(RunError) {
    let instruction = program.instructions[index]
    // What is computed a second time has been looked at.
    guard instruction.pass != .recomputation else { return }
    for slot in instruction.writes where !Self.isIndices(instruction, slot) {
      try body(program[slot].name, read(slot) { Statistics.summary(x: $0) })
    }
    for gradient in instruction.writtenGradients {
      try body("gradient of \(layout[gradient].name)", readGradient(gradient) { Statistics.summary(x: $0) })
    }
  }

  /// The indices of max pooling are integers in the place of numbers.
  private static func isIndices(_ instruction: Instruction, _ slot: SlotID) -> Bool {
    if case .maxPooling = instruction.operation { return slot == instruction.writes[1] }
    return false
  }
}

/// Ends a computation at the first tensor that is not finite, and keeps which one it is.
package final class FiniteCheck: InstructionObserver {
  /// The micro-batch that is being computed; set from outside.
  package internal(set) var microBatch = 0
  /// The first tensor that is not finite.
  package private(set) var found: NotFinite?

  /// A check that has found nothing yet.
  package init() {}

  package func after(_ index: Int, in execution: borrowing Execution) throws(RunError) {
    let instruction = execution.program.instructions[index]
    let kind = instruction.operation.kind
    try execution.summarize(index) { name, summary throws(RunError) in
      guard summary.notFinite > 0 else { return }
      try end(NotFinite(summary, of: name, after: kind, layer: instruction.path))
    }
  }

  /// Ends the computation.
  func end(_ finding: NotFinite) throws(RunError) {
    found = finding
    throw RunError(.notFinite, "micro-batch \(microBatch), \(finding.clause)")
  }
}
