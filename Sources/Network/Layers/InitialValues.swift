/// The distribution of a parameter before the first step.
package enum InitialValues: Hashable, Sendable {
  /// The same number everywhere.
  case constant(Float)
  /// Uniform on [-bound, bound].
  case uniform(bound: Double)
  /// Normal with mean zero.
  case normal(deviation: Double)
  /// Normal with mean zero, drawn again where it lies beyond two deviations.
  case truncatedNormal(deviation: Double)
  /// A matrix of so many rows (the order of files) whose rows, or columns if those are fewer, are orthogonal and of
  /// length `gain`.
  case orthogonal(rows: Int, gain: Double)
}
