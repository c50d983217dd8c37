package import Interchange

/// What a checkpoint holds. A loaded one has its tensors in the order of their names.
package struct CheckpointContents: Sendable, Equatable {
  /// Parameters and buffers, by PyTorch's names and in its layout.
  package var model: [NamedTensor]
  /// The optimizer's tensors.
  package var optimizer: [NamedTensor]
  /// Where the run stands.
  package var state: RunState

  /// The contents of a checkpoint.
  package init(model: [NamedTensor], optimizer: [NamedTensor], state: RunState) {
    self.model = model
    self.optimizer = optimizer
    self.state = state
  }
}

/// A checkpoint that stands in a store.
package struct CheckpointEntry: Hashable, Sendable {
  /// The step after which it was taken.
  package let step: Int
  /// Its name, such as `step-0000391`.
  package let name: String
  /// Its directory.
  package let path: String
}

/// A checkpoint, or a record of a run, that cannot be written or read: what, where, and the remedy.
package struct CheckpointError: Error, Equatable, CustomStringConvertible {
  /// One sentence for the user.
  package let message: String

  /// An error with its sentence.
  package init(_ message: String) { self.message = message }

  package var description: String { message }
}
