/// What can go wrong before the kernels run; the kernels themselves do not fail.
package enum KernelError: Error, Hashable, CustomStringConvertible {
  /// The configuration asks for an instruction set that this CPU lacks.
  case instructionSetMissing(InstructionSet, best: InstructionSet)
  /// A buffer of so many floats cannot be had.
  case outOfMemory(floats: Int)
  /// OpenBLAS cannot have so many bytes for the products of so many threads.
  case noProductBuffers(threads: Int, bytes: Int)

  package var description: String {
    switch self {
    case .instructionSetMissing(let asked, let best):
      "kernels.isa: this CPU lacks \(asked.rawValue), its best is \(best.rawValue); "
        + "set kernels.isa to \(best.rawValue) or auto."
    case .outOfMemory(let floats):
      "There is no memory for a buffer of \(floats) floats (\(Self.size(floats))); "
        + "use a smaller micro-batch or fewer lanes."
    case .noProductBuffers(let threads, let bytes):
      "OpenBLAS needs \(Self.size(bytes / 4)) of address space more for products on \(threads) "
        + "\(threads == 1 ? "thread" : "threads"), and the process may not have so much memory; raise the limit "
        + "(ulimit -v, or that of the batch system)\(threads == 1 ? "" : " or use fewer lanes")."
    }
  }

  private static func size(_ floats: Int) -> String {
    let mebibytes = Double(floats) * 4 / 1_048_576
    return mebibytes < 1024 ? "\(Int(mebibytes.rounded(.up))) MiB" : "\(Int((mebibytes / 1024).rounded(.up))) GiB"
  }
}
