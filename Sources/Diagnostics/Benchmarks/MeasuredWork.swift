import Training

/// Arithmetic and traffic, and the time that they took.
struct MeasuredWork {
  /// The time.
  var seconds: Double
  /// Floating-point operations, those of convolutions counted as for the direct sum.
  var flops: Int
  /// Bytes that have to be read and written at least.
  var bytes: Int

  /// Floating-point operations a second; nil where none are counted.
  var rate: Double? { flops > 0 ? Double(flops) / seconds : nil }

  /// Both together.
  static func + (a: MeasuredWork, b: MeasuredWork) -> MeasuredWork {
    MeasuredWork(seconds: a.seconds + b.seconds, flops: a.flops + b.flops, bytes: a.bytes + b.bytes)
  }

  /// The titles of `cells`.
  static let titles = ["GFLOP/s", "of peak", "GB/s"]

  /// What tables say of a rate beside its time; empty where nothing is counted.
  ///
  /// - Parameter peak: floating-point operations a second that could be reached at most.
  func cells(peak: Double) -> [String] {
    [
      rate.map { Display.decimal(1e-9 * $0, 1) } ?? "", rate.map { Display.percent($0 / peak, 0) } ?? "",
      bytes > 0 ? Display.decimal(1e-9 * Double(bytes) / seconds, 1) : "",
    ]
  }

  /// The same as keys and values.
  func record(peak: Double) -> [String: ReportValue] {
    [
      "milliseconds": .number(1e3 * seconds), "gflop-per-second": rate.map { .number(1e-9 * $0) } ?? .nothing,
      "share-of-peak": rate.map { .number($0 / peak) } ?? .nothing,
      "gigabyte-per-second": bytes > 0 ? .number(1e-9 * Double(bytes) / seconds) : .nothing,
    ]
  }

  /// What a table with `cells` needs to be understood.
  static func footnote(peak: Double) -> String {
    "Peak: \(Display.decimal(1e-9 * peak, 1)) GFLOP/s, which one core reaches here in a loop of fused multiply-adds in "
      + "registers.\nThe FLOPs of a convolution are those of the direct sum, so Winograd's algorithm can be above 100 %.\n"
      + "GB/s: what has to be read and written at least."
  }
}
