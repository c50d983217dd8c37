import Network
import Operators

extension Operation {
  /// The word for the kind of operation in tables and profiles: its name, with the algorithm if there is a choice.
  package var kind: String { convolution.map { "\(name) \($0.algorithm.name)" } ?? name }

  /// The word for the operation, whatever its algorithm.
  package var name: String { traits.name }

  /// The pass of a convolution that this is; nil for what is none. A transposed convolution is the input gradient of
  /// the convolution whose transpose it is.
  package var convolution: ConvolutionWork? {
    guard case .convolution(let work) = traits.arithmetic else { return nil }
    return work
  }

  /// Multiply-add pairs for one sample; zero where bytes, not arithmetic, set the time.
  package var multiplyAdds: Int {
    switch traits.arithmetic {
    case .convolution(let work): work.geometry.multiplyAdds
    case .products(let count): count
    case .little: 0
    }
  }
}

extension Program {
  /// Floating-point operations for one sample: two per multiply-add.
  package var flops: Int { instructions.reduce(0) { $0 + 2 * $1.operation.multiplyAdds } }

  /// Those of them that compute something a second time.
  package var recomputedFlops: Int {
    instructions.filter { $0.pass == .recomputation }.reduce(0) { $0 + 2 * $1.operation.multiplyAdds }
  }

  /// Floating-point operations of an instruction for the whole micro-batch. Those of a convolution are counted as for
  /// the direct sum, whatever its algorithm.
  package func flops(of instruction: Instruction) -> Int { 2 * instruction.operation.multiplyAdds * batch }

  /// Bytes that an instruction has to read and write at least for the whole micro-batch: each of its slots, parameters
  /// and statistics once. Its scratch, which it may keep in the caches, and the labels do not count.
  package func bytes(of instruction: Instruction, layout: FlatLayout) -> Int {
    4 * (slotElements(of: instruction) + flatElements(of: instruction, layout: layout))
  }

  /// The elements of the slots, which grow with the micro-batch. A slot that is read twice by an instruction is read
  /// once.
  func slotElements(of instruction: Instruction) -> Int {
    let written = instruction.writes.reduce(0) { $0 + self[$1].count }
    // The gradient of one branch is a part of the gradient of all.
    if case .extract = instruction.operation { return 2 * written }
    return written + Set(instruction.reads).reduce(0) { $0 + self[$1].count }
  }

  /// The elements of the flat buffers, which do not.
  func flatElements(of instruction: Instruction, layout: FlatLayout) -> Int {
    let parameters = (instruction.parameters + instruction.writtenGradients).reduce(0) { $0 + layout[$1].range.count }
    let statistics = instruction.statistics.map { layout[$0].mean.count + layout[$0].variance.count } ?? 0
    return parameters + statistics
  }
}
