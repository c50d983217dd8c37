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
