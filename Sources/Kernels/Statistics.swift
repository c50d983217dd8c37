internal import CKernels

/// A tensor at a glance. All but `count` and `notFinite` are taken over the finite elements; without any, the mean and
/// the standard deviation are NaN, the minimum is +∞ and the maximum -∞.
package struct TensorSummary: Hashable, Sendable {
  /// The number of elements.
  package var count: Int
  /// The smallest.
  package var minimum: Double
  /// The largest.
  package var maximum: Double
  /// Their mean.
  package var mean: Double
  /// The standard deviation of the elements as a whole population (divided by their number).
  package var standardDeviation: Double
  /// The number of elements that are NaN or infinite.
  package var notFinite: Int

  /// A summary of known values.
  package init(
    count: Int, minimum: Double, maximum: Double, mean: Double, standardDeviation: Double, notFinite: Int
  ) {
    self.count = count
    self.minimum = minimum
    self.maximum = maximum
    self.mean = mean
    self.standardDeviation = standardDeviation
    self.notFinite = notFinite
  }
}

/// Observation of tensors.
package enum Statistics {
  /// The summary of a tensor, in two passes and in double precision.
  package static func summary(x: Span<Float>) -> TensorSummary {
    let count = x.count
    let found = unsafe x.withPointer { x in unsafe ck_loops().pointee.summary(count, x) }
    return TensorSummary(
      count: count, minimum: found.minimum, maximum: found.maximum, mean: found.mean,
      standardDeviation: found.deviation, notFinite: found.not_finite)
  }

  /// The sum of the squares in double precision: the same bits on every instruction set.
  ///
  /// Element i goes to sum i mod 16; then sum i + 8 is added to sum i for the first eight, and so on by halves. The
  /// squares themselves are exact.
  package static func sumOfSquares(x: Span<Float>) -> Double {
    let count = x.count
    return unsafe x.withPointer { x in unsafe ck_loops().pointee.sum_of_squares(count, x) }
  }
}
