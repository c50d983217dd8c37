import Operators

/// Fuses the addition of a residual branch and the ReLU after a batch normalization into its instruction: each of them
/// would read and write the whole tensor once more, and bytes set the time of all three. The bits stay the same.
extension Lowering {
  /// Fuses the forward pass; the results of the network and of its heads stay as they are.
  ///
  /// - Parameter results: the slots that are read after the forward pass.
  mutating func fuse(keeping results: Set<SlotID>) {
    for index in tape.indices {
      absorbAddition(into: index, results)
      absorbReLU(into: index, results)
    }
    tape.removeAll { $0.isAbsorbed }
    instructions = tape.map(\.instruction)
  }

  /// The only instruction that reads the first result of a normalization whose tail is open, if that is all who read
  /// it.
  private func follower(of index: Int, _ results: Set<SlotID>) -> Int? {
    let record = tape[index]
    guard !record.isAbsorbed, let tail = record.instruction.operation.tail, !tail.relu, mayFuse(record.instruction)
    else { return nil }
    let slot = record.instruction.writes[0]
    let readers = tape.indices.filter { !tape[$0].isAbsorbed && tape[$0].instruction.reads.contains(slot) }
    guard readers.count == 1, !results.contains(slot) else { return nil }
    return readers[0]
  }

  /// The gradients of scale and shift with frozen statistics are made of the normalization's own dy.
  private func mayFuse(_ instruction: Instruction) -> Bool {
    guard isTraining, case .batchNormalizationEvaluation = instruction.operation else { return true }
    return !trains(instruction.parameters)
  }

  /// The other operand must be there when the normalization runs: of two branches the later one absorbs.
  private mutating func absorbAddition(into index: Int, _ results: Set<SlotID>) {
    guard let next = follower(of: index, results), case .add = tape[next].instruction.operation else { return }
    let reads = tape[next].instruction.reads
    let other = reads[0] == tape[index].instruction.writes[0] ? 1 : 0
    let writer = tape.firstIndex { !$0.isAbsorbed && $0.instruction.writes.contains(reads[other]) }
    guard reads[0] != reads[1], writer.map({ $0 < index }) ?? true else { return }
    absorb(next, into: index) { $0.addsResidual = true }
    tape[index].instruction.reads.append(reads[other])
    tape[index].wantsGradient.append(tape[next].wantsGradient[other])
  }

  private mutating func absorbReLU(into index: Int, _ results: Set<SlotID>) {
    guard let next = follower(of: index, results), case .activation(.relu, _) = tape[next].instruction.operation
    else { return }
    absorb(next, into: index) { $0.relu = true }
  }

  private mutating func absorb(_ next: Int, into index: Int, _ change: (inout NormalizationTail) -> Void) {
    guard var tail = tape[index].instruction.operation.tail else { return }
    change(&tail)
    tape[index].instruction.operation = tape[index].instruction.operation.with(tail)
    tape[index].instruction.writes[0] = tape[next].instruction.writes[0]
    tape[next].isAbsorbed = true
  }
}

extension Operation {
  /// The tail of a batch normalization.
  fileprivate var tail: NormalizationTail? {
    if case .batchNormalization(_, _, _, let tail) = self { return tail }
    if case .batchNormalizationEvaluation(_, _, _, let tail) = self { return tail }
    return nil
  }

  /// The same batch normalization with another tail.
  fileprivate func with(_ tail: NormalizationTail) -> Operation {
    if case .batchNormalization(let channels, let positions, let epsilon, _) = self {
      return .batchNormalization(channels: channels, positions: positions, epsilon: epsilon, tail)
    }
    guard case .batchNormalizationEvaluation(let channels, let positions, let epsilon, _) = self else { return self }
    return .batchNormalizationEvaluation(channels: channels, positions: positions, epsilon: epsilon, tail)
  }
}
