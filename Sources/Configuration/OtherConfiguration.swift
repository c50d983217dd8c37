package import Collectives
package import Kernels
package import Operators
package import StrictYAML

/// The keys below `exchange`.
package struct ExchangeConfiguration: YAMLRecord {
  /// The number format on the wire.
  package enum Wire: String, CaseIterable, YAMLValue {
    /// Four bytes a number, as it is computed.
    case float32
  }

  /// Order of summation: fixed, or any (plain MPI_Allreduce).
  package var order = ExchangeOrder.fixed
  /// Size of the pieces in which gradients are exchanged.
  package var bucket = ByteCount(1 << 20)
  /// Number format of what is sent.
  package var wire = Wire.float32

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("order", \.order, "order of summation: fixed, or any (plain MPI_Allreduce)"),
    Field(
      "bucket", \.bucket, "size of the pieces in which gradients are exchanged",
      check: {
        (1024...(1 << 30)).contains($0.bytes) && $0.bytes % 1024 == 0
          ? nil : "must be a multiple of 1KiB from 1KiB to 1GiB"
      }),
    Field("wire", \.wire, "number format of what is sent"),
  ]
}

extension ExchangeOrder: YAMLValue {}

/// A number of bytes, written as `64KiB`, `1MiB` or a plain number.
package struct ByteCount: YAMLValue, Hashable {
  /// The number of bytes.
  package var bytes: Int

  /// So many bytes.
  package init(_ bytes: Int) { self.bytes = bytes }

  private static let units: [(suffix: String, size: Int)] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]

  package init(yaml cursor: YAMLCursor) throws(YAMLError) {
    let text = try cursor.scalar("a size such as 1MiB")
    let unit = Self.units.first { text.hasSuffix($0.suffix) }
    let digits = text.dropLast(unit?.suffix.count ?? 0)
    guard let count = Int(digits), count >= 0, count < 1 << 32 else {
      throw cursor.failure("must be a size such as 64KiB, 1MiB or 65536, not '\(text)'")
    }
    bytes = count * (unit?.size ?? 1)
  }

  package var yaml: YAMLTree {
    guard bytes > 0, let unit = Self.units.first(where: { bytes % $0.size == 0 }) else { return bytes.yaml }
    return .word("\(bytes / unit.size)\(unit.suffix)")
  }

  package static var yamlForm: String { "size such as 1MiB" }
}

/// The keys below `checkpoint`.
package struct CheckpointConfiguration: YAMLRecord {
  /// Epochs between two checkpoints.
  package var everyEpochs: Double? = 1
  /// Steps between two checkpoints.
  package var everySteps: Int?
  /// Minutes between two checkpoints.
  package var everyMinutes: Double?
  /// How many to keep, beside the best.
  package var keep = 3

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("every-epochs", \.everyEpochs, "epochs between two checkpoints", check: Intervals.positive),
    Field("every-steps", \.everySteps, "steps between two checkpoints", check: Bounds.positive),
    Field("every-minutes", \.everyMinutes, "minutes between two checkpoints", check: Intervals.positive),
    Field("keep", \.keep, "how many to keep, beside the best", check: { $0 >= 1 ? nil : "must be at least 1" }),
  ]
}

/// The keys below `evaluate`.
package struct EvaluationConfiguration: YAMLRecord {
  /// Epochs between two evaluations; null for only at the end.
  package var everyEpochs: Double? = 1

  package init() {}

  package static let fields: [Field<Self>] = [
    Field(
      "every-epochs", \.everyEpochs, "epochs between two evaluations; null for only at the end",
      check: Intervals.positive)
  ]
}

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
  /// The newest instruction set that our own kernels may use.
  package var isa = InstructionSet.auto

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("isa", \.isa, "the newest instruction set that our own kernels may use")
  ]
}

extension InstructionSet: YAMLValue {}

/// Checks of intervals.
enum Intervals {
  static let positive: @Sendable (Double?) -> String? = { $0.map { $0 > 0 } ?? true ? nil : "must be above 0" }
}
