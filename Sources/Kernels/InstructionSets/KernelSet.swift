// One function for each operator and pass, on spans: it checks every count and hands the work to OpenBLAS or to the
// inner loops of CKernels. Kernels know operators, and neither model files nor programs; they allocate nothing and
// never fail.

internal import CKernels
internal import COpenBLAS
import Foundation

/// Which kernels this process runs: those of OpenBLAS, our own, and the C library's functions.
///
/// Two processes with the same description compute the same bits.
package enum KernelSet {
  /// Caps our own loops at an instruction set, holds OpenBLAS to one thread per caller, and gives it the memory that
  /// one caller needs.
  ///
  /// Call it once, before any thread starts.
  ///
  /// - Throws: `KernelError` if the CPU lacks the set, or the process may not have the memory.
  package static func configure(_ cap: InstructionSet) throws(KernelError) {
    guard ck_select(cap.isa) else { throw .instructionSetMissing(cap, best: .best) }
    openblas_set_num_threads(1)
    try holdMemory(threads: 1)
  }

  /// Gives OpenBLAS the memory that it needs for so many threads that compute at once.
  ///
  /// - Throws: `KernelError.noProductBuffers` if the process may not have it.
  package static func holdMemory(threads: Int) throws(KernelError) { try ProductBuffers.hold(threads) }

  /// The kernels in use, e.g. "openblas 0.3.21 Zen, own avx2, glibc 2.36".
  package static var description: String {
    "openblas \(openBLASVersion) \(openBLASCore), own \(InstructionSet.selected.rawValue), \(libraryOfC)"
  }

  /// If `OPENBLAS_CORETYPE` holds OpenBLAS below what the CPU offers: one sentence that says so, what it costs and how
  /// to lift it. A user's setting is respected, never changed.
  package static var costlyPin: String? {
    OpenBLASCore.costlyPin(
      variable: ProcessInfo.processInfo.environment["OPENBLAS_CORETYPE"], core: openBLASCore, best: .best)
  }

  /// OpenBLAS's name for the kernels that it has chosen, e.g. "Haswell".
  package static var openBLASCore: String {
    guard let name = unsafe openblas_get_corename() else { return "unknown" }
    return unsafe String(cString: name)
  }

  // The configuration reads "OpenBLAS 0.3.21 NO_LAPACKE DYNAMIC_ARCH ...".
  private static var openBLASVersion: String {
    guard let text = unsafe openblas_get_config() else { return "unknown" }
    let words = unsafe String(cString: text).split(separator: " ")
    return words.count > 1 ? String(words[1]) : "unknown"
  }

  private static var libraryOfC: String {
    let version = unsafe String(cString: ck_glibc_version())
    return version.isEmpty ? "other libc" : "glibc \(version)"
  }
}

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

/// The arithmetic that a core can do at most, as a yardstick for kernels: fused multiply-adds between registers, by the
/// instruction set in use. (Where a set has no fused ones, as the baseline of x86-64, a product and a sum.)
package enum MultiplyAdds {
  /// Runs `rounds` rounds.
  ///
  /// - Returns: the number of multiply-adds, two floating-point operations each.
  package static func run(rounds: Int) -> Int {
    precondition(rounds >= 0, "\(rounds) rounds")
    var sum: Float = 1
    return unsafe withUnsafeMutablePointer(to: &sum) { sum in
      unsafe ck_loops().pointee.multiply_adds(rounds, sum)
    }
  }
}
