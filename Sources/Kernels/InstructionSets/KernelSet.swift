// One function for each operator and pass, on spans: it checks every count and hands the work to OpenBLAS or to the inner
// loops of CKernels. Kernels know operators, and neither model files nor programs; they allocate nothing and never fail.

internal import CKernels
internal import COpenBLAS
import Foundation

/// Which kernels this process runs: those of OpenBLAS, our own, and the C library's functions.
///
/// Two processes with the same description compute the same bits.
package enum KernelSet {
  /// Caps our own loops at an instruction set, holds OpenBLAS to one thread per caller, and gives it the memory that one
  /// caller needs.
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
