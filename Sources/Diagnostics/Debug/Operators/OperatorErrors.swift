/// The worst relative errors of an operator, of so many cases. All are norm-wise: |got − want| / |want| with Euclidean
/// norms over a tensor.
///
/// A gradient that vanishes in exact arithmetic (that of a normalization of two numbers) is made of rounding errors
/// alone: gradients count as at least a hundredth of the gradient that the loss sends back.
package struct OperatorErrors: Hashable, Sendable {
  /// Cases tried.
  package var cases = 0
  /// Of the output and of running statistics.
  package var forward = 0.0
  /// Of the gradient of the input.
  package var input = 0.0
  /// Of the gradients of the parameters; nil as long as no case had any.
  package var parameters: Double?

  /// No case yet.
  init(cases: Int = 0) { self.cases = cases }

  /// The part of the gradient that the loss sends back that a gradient counts at least.
  static let smallest = 0.01

  /// The error of one tensor; infinite where the counts differ or a number is not finite.
  package static func distance(_ got: [Float], _ want: some Collection<Double>, floor: Double = 0) -> Double {
    guard got.count == want.count else { return .infinity }
    var (difference, size) = (0.0, 0.0)
    for (a, b) in zip(got, want) {
      difference += (Double(a) - b) * (Double(a) - b)
      size += b * b
    }
    let error = difference.squareRoot() / max(size.squareRoot(), floor, 1e-30)
    return error.isNaN ? .infinity : error
  }

  /// Takes the error of one parameter's gradient in.
  mutating func widenParameters(_ error: Double) { parameters = max(parameters ?? 0, error) }

  /// Takes the cases of another one in.
  mutating func widen(_ other: OperatorErrors) {
    cases += other.cases
    forward = max(forward, other.forward)
    input = max(input, other.input)
    if let error = other.parameters { widenParameters(error) }
  }
}
