package import Kernels
package import Operators
package import StrictYAML

/// The keys below `numerics`: how exactly the same mathematics is computed.
package struct NumericsConfiguration: YAMLRecord {
  /// Whether 3×3 convolutions are computed by Winograd's algorithm where that is faster.
  package var winograd = WinogradChoice.f4

  package init() {}

  package static let fields: [Field<Self>] = [
    Field(
      "winograd", \.winograd,
      "Winograd's algorithm for 3×3 convolutions: f4 where it is faster, f2 for less rounding, or off")
  ]
}

extension WinogradChoice: YAMLValue {}

/// The keys below `kernels`.
package struct KernelConfiguration: YAMLRecord {
  package var isa = InstructionSet.auto

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("isa", \.isa, "the newest instruction set that our own kernels may use")
  ]
}

extension InstructionSet: YAMLValue {}
