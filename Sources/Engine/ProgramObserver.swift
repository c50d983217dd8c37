/// What is called between the instructions of a program: it polls the exchange, times instructions, or checks tensors.
package protocol ProgramObserver: ~Copyable {
  /// What it may throw to end the run of the program.
  associatedtype Failure: Error
  /// Called before an instruction.
  mutating func before(_ index: Int)
  /// Called after an instruction other than `bucketComplete`.
  mutating func after(_ index: Int, in execution: borrowing Execution) throws(Failure)
  /// Called where the gradients of `bucket` are final.
  mutating func bucketComplete(_ bucket: Int) throws(Failure)
}

extension ProgramObserver where Self: ~Copyable {
  /// Nothing happens before an instruction.
  package mutating func before(_ index: Int) {}
}

/// An observer that does nothing.
package struct NoObserver: ProgramObserver {
  /// An observer that does nothing.
  package init() {}
  package mutating func after(_ index: Int, in execution: borrowing Execution) {}
  package mutating func bucketComplete(_ bucket: Int) {}
}
