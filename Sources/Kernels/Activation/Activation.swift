internal import CKernels
import Foundation

/// Functions applied to each element. In all of them x, y, dy and dx have the same count.
package enum Activation {
  /// y = max(x, 0); NaN stays NaN.
  package static func reluForward(x: Span<Float>, y: inout MutableSpan<Float>) {
    precondition(x.count == y.count, "x and y differ in count")
    let count = x.count
    unsafe withPointers(x, &y) { x, y in unsafe ck_loops().pointee.relu_forward(count, x, y) }
  }

  /// dx = dy where y > 0, else 0.
  package static func reluBackward(y: Span<Float>, dy: Span<Float>, dx: inout MutableSpan<Float>) {
    let count = equalCount(y, dy, dx)
    unsafe withPointers(y, dy, &dx) { y, dy, dx in unsafe ck_loops().pointee.relu_backward(count, y, dy, dx) }
  }

  /// y = 1 / (1 + exp(-x)).
  package static func sigmoidForward(x: Span<Float>, y: inout MutableSpan<Float>) {
    precondition(x.count == y.count, "x and y differ in count")
    for i in 0..<x.count { y[i] = 1 / (1 + exp(-x[i])) }
  }

  /// dx = dy · y · (1 - y).
  package static func sigmoidBackward(y: Span<Float>, dy: Span<Float>, dx: inout MutableSpan<Float>) {
    let count = equalCount(y, dy, dx)
    unsafe withPointers(y, dy, &dx) { y, dy, dx in unsafe ck_loops().pointee.sigmoid_backward(count, y, dy, dx) }
  }

  /// y = tanh(x).
  package static func tanhForward(x: Span<Float>, y: inout MutableSpan<Float>) {
    precondition(x.count == y.count, "x and y differ in count")
    for i in 0..<x.count { y[i] = tanh(x[i]) }
  }

  /// dx = dy · (1 - y²).
  package static func tanhBackward(y: Span<Float>, dy: Span<Float>, dx: inout MutableSpan<Float>) {
    let count = equalCount(y, dy, dx)
    unsafe withPointers(y, dy, &dx) { y, dy, dx in unsafe ck_loops().pointee.tanh_backward(count, y, dy, dx) }
  }

  /// y = x · Φ(x), where Φ is the distribution function of the standard normal distribution.
  ///
  /// Source: Hendrycks and Gimpel, "Gaussian error linear units (GELUs)", 2016; the exact form, not the tanh one.
  package static func geluForward(x: Span<Float>, y: inout MutableSpan<Float>) {
    precondition(x.count == y.count, "x and y differ in count")
    for i in 0..<x.count { y[i] = x[i] * normalDistribution(x[i]) }
  }

  /// dx = dy · (Φ(x) + x · φ(x)), where φ is the density of the standard normal distribution.
  package static func geluBackward(x: Span<Float>, dy: Span<Float>, dx: inout MutableSpan<Float>) {
    let count = equalCount(x, dy, dx)
    let inverseRootOfTwoPi: Float = 0.398_942_28
    for i in 0..<count {
      let density = inverseRootOfTwoPi * exp(-0.5 * x[i] * x[i])
      dx[i] = dy[i] * (normalDistribution(x[i]) + x[i] * density)
    }
  }

  // The complement of erf keeps its precision far below zero, where 1 + erf does not.
  private static func normalDistribution(_ x: Float) -> Float {
    0.5 * erfc(x * -0.707_106_77)
  }

  private static func equalCount(_ a: Span<Float>, _ b: Span<Float>, _ c: borrowing MutableSpan<Float>) -> Int {
    precondition(a.count == b.count && b.count == c.count, "the operands differ in count")
    return a.count
  }
}
