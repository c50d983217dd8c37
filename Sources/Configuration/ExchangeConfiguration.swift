package import Collectives
package import StrictYAML

/// The keys below `exchange`.
package struct ExchangeConfiguration: YAMLRecord {
  /// The number format on the wire.
  package enum Wire: String, CaseIterable, YAMLValue {
    /// Four bytes a number, as it is computed.
    case float32
  }

  package var order = ExchangeOrder.fixed
  package var bucket = ByteCount(1 << 20)
  /// Seconds after which a rank that does nothing ends the run.
  package var timeout = 30.0
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
    Field(
      "timeout", \.timeout,
      "seconds after which a rank that does nothing ends the run; longer by itself where steps are long",
      check: { (1...86_400).contains($0) ? nil : "must be from 1 to 86400 seconds" }),
    Field("wire", \.wire, "number format of what is sent"),
  ]
}

extension ExchangeOrder: YAMLValue {}
