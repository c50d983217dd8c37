internal import CKernels

/// The instruction sets that our own loops are compiled for: the values of `kernels.isa`.
package enum InstructionSet: String, Sendable, CaseIterable {
  /// The best that the CPU has.
  case auto
  /// What every CPU of the architecture has; SSE2 on x86-64.
  case baseline
  /// AVX2 with fused multiply-add.
  case avx2
  /// AVX-512.
  case avx512

  /// The best set of this CPU; never `auto`.
  package static var best: InstructionSet { InstructionSet(ck_detect()) }

  /// The set in use; never `auto`.
  package static var selected: InstructionSet { InstructionSet(ck_selected()) }

  init(_ isa: ck_isa) {
    switch isa {
    case .baseline: self = .baseline
    case .avx2: self = .avx2
    case .avx512: self = .avx512
    }
  }

  /// The set as the loops know it.
  var isa: ck_isa {
    switch self {
    case .auto: ck_detect()
    case .baseline: .baseline
    case .avx2: .avx2
    case .avx512: .avx512
    }
  }
}

/// What the names of OpenBLAS's x86-64 kernel sets mean (its `driver/others/dynamic.c` lists them).
package enum OpenBLASCore {
  private static let avx512: Set<String> = ["skylakex", "cooperlake", "sapphirerapids"]
  private static let avx2: Set<String> = ["haswell", "zen", "excavator"]
  private static let older: Set<String> = [
    "katmai", "coppermine", "northwood", "prescott", "banias", "atom", "core2", "penryn", "dunnington", "nehalem",
    "athlon", "opteron", "opteron_sse3", "barcelona", "bobcat", "nano", "sandybridge", "bulldozer", "piledriver",
    "steamroller",
  ]

  /// The instruction set that a kernel set uses; nil for a name that is not known.
  package static func instructionSet(_ core: String) -> InstructionSet? {
    let name = core.lowercased()
    if avx512.contains(name) { return .avx512 }
    if avx2.contains(name) { return .avx2 }
    return older.contains(name) ? .baseline : nil
  }

  /// The sentence of `KernelSet.costlyPin`, as a function of all that it depends on.
  ///
  /// - Parameters:
  ///   - variable: the value of `OPENBLAS_CORETYPE`, if it is set.
  ///   - core: the kernel set that OpenBLAS has chosen.
  ///   - best: the best instruction set of the CPU.
  package static func costlyPin(variable: String?, core: String, best: InstructionSet) -> String? {
    guard let variable, !variable.isEmpty, let used = instructionSet(core) else { return nil }
    let loss: String
    switch (used, best) {
    case (.avx2, .avx512): loss = "although this CPU has AVX-512, which makes matrix products about twice"
    case (.baseline, .avx2): loss = "although this CPU has AVX2, which makes matrix products two to four times"
    case (.baseline, .avx512): loss = "although this CPU has AVX-512, which makes matrix products four to eight times"
    default: return nil
    }
    return "OPENBLAS_CORETYPE=\(variable) holds OpenBLAS to its \(core) kernels \(loss) as slow; "
      + "run `unset OPENBLAS_CORETYPE` before the start to lift it."
  }
}
