internal import CKernels
import Foundation
package import Operators

/// Functions applied to each element: x, y, dy and dx have the same count. NaN stays NaN.
package enum Activation {
  /// y = f(x).
  package static func forward(_ function: ActivationFunction, x: Span<Float>, y: inout MutableSpan<Float>) {
    precondition(x.count == y.count, "x and y differ in count")
    switch function {
    case .relu: unsafe run(x, &y) { unsafe $0.pointee.relu_forward($1, $2, $3) }
    case .relu6: unsafe run(x, &y) { unsafe $0.pointee.relu6_forward($1, $2, $3) }
    case .leakyReLU(let slope): unsafe run(x, &y) { unsafe $0.pointee.leaky_relu_forward($1, slope, $2, $3) }
    case .elu(let alpha): apply(x, &y) { elu($0, alpha: alpha) }
    case .sigmoid: apply(x, &y, sigmoid)
    case .tanh: apply(x, &y, hyperbolicTangent)
    case .gelu(.exact): apply(x, &y) { $0 * normalDistribution($0) }
    case .gelu(.tanh): apply(x, &y) { $0 * logisticNormal($0) }
    case .silu: apply(x, &y) { $0 * sigmoid($0) }
    case .hardSigmoid: unsafe run(x, &y) { unsafe $0.pointee.hard_sigmoid_forward($1, $2, $3) }
    case .hardSwish: unsafe run(x, &y) { unsafe $0.pointee.hard_swish_forward($1, $2, $3) }
    case .softplus(let beta): apply(x, &y) { softplus($0, beta: beta) }
    }
  }

  /// dx = dy · f'(x).
  ///
  /// At the corners of a function the derivative is PyTorch's.
  ///
  /// - Parameter saved: x where `function.differentiatesInput`, else y.
  package static func backward(
    _ function: ActivationFunction, saved: Span<Float>, dy: Span<Float>, dx: inout MutableSpan<Float>
  ) {
    precondition(saved.count == dy.count && dy.count == dx.count, "the operands differ in count")
    switch function {
    case .relu: unsafe run(saved, dy, &dx) { unsafe $0.pointee.relu_backward($1, $2, $3, $4) }
    case .relu6: unsafe run(saved, dy, &dx) { unsafe $0.pointee.relu6_backward($1, $2, $3, $4) }
    case .leakyReLU(let slope):
      unsafe run(saved, dy, &dx) { unsafe $0.pointee.leaky_relu_backward($1, slope, $2, $3, $4) }
    case .elu(let alpha): unsafe run(saved, dy, &dx) { unsafe $0.pointee.elu_backward($1, alpha, $2, $3, $4) }
    case .sigmoid: unsafe run(saved, dy, &dx) { unsafe $0.pointee.sigmoid_backward($1, $2, $3, $4) }
    case .tanh: unsafe run(saved, dy, &dx) { unsafe $0.pointee.tanh_backward($1, $2, $3, $4) }
    case .gelu(.exact): chain(saved, dy, &dx, normalSlope)
    case .gelu(.tanh): chain(saved, dy, &dx, logisticNormalSlope)
    case .silu: chain(saved, dy, &dx, siluSlope)
    case .hardSigmoid: unsafe run(saved, dy, &dx) { unsafe $0.pointee.hard_sigmoid_backward($1, $2, $3, $4) }
    case .hardSwish: unsafe run(saved, dy, &dx) { unsafe $0.pointee.hard_swish_backward($1, $2, $3, $4) }
    case .softplus(let beta): chain(saved, dy, &dx) { softplusSlope($0, beta: beta) }
    }
  }

  // The functions that need none of the C library run in our own loops.
  @inline(__always)
  private static func run(
    _ x: Span<Float>, _ y: inout MutableSpan<Float>,
    _ loop: (UnsafePointer<ck_table>, Int, UnsafePointer<Float>, UnsafeMutablePointer<Float>) -> Void
  ) {
    let count = x.count
    unsafe withPointers(x, &y) { x, y in unsafe loop(ck_loops(), count, x, y) }
  }

  @inline(__always)
  private static func run(
    _ saved: Span<Float>, _ dy: Span<Float>, _ dx: inout MutableSpan<Float>,
    _ loop: (
      UnsafePointer<ck_table>, Int, UnsafePointer<Float>, UnsafePointer<Float>, UnsafeMutablePointer<Float>
    ) -> Void
  ) {
    let count = saved.count
    unsafe withPointers(saved, dy, &dx) { saved, dy, dx in unsafe loop(ck_loops(), count, saved, dy, dx) }
  }

  @inline(__always)
  private static func apply(_ x: Span<Float>, _ y: inout MutableSpan<Float>, _ function: (Float) -> Float) {
    for i in 0..<x.count { y[i] = function(x[i]) }
  }

  @inline(__always)
  private static func chain(
    _ saved: Span<Float>, _ dy: Span<Float>, _ dx: inout MutableSpan<Float>, _ slope: (Float) -> Float
  ) {
    for i in 0..<saved.count { dx[i] = dy[i] * slope(saved[i]) }
  }
}

/// The functions of one value that come from the C library, and their derivatives.
extension Activation {
  /// 1 / (1 + exp(-x)).
  static func sigmoid(_ x: Float) -> Float { 1 / (1 + exp(-x)) }

  /// tanh(x).
  static func hyperbolicTangent(_ x: Float) -> Float { tanh(x) }

  /// x where x > 0, else alpha · (exp(x) - 1).
  static func elu(_ x: Float, alpha: Float) -> Float { x > 0 ? x : alpha * expm1(x) }

  /// ln(1 + exp(beta · x)) / beta, in a form that neither overflows nor loses what is small.
  static func softplus(_ x: Float, beta: Float) -> Float {
    (x > 0 ? x : 0) + log1p(exp(-abs(beta * x))) / beta
  }

  /// The derivative of softplus from its output: 1 - exp(-beta · y).
  static func softplusSlope(_ y: Float, beta: Float) -> Float { -expm1(-beta * y) }

  /// Φ(x), the distribution function of the standard normal distribution.
  ///
  /// The complement of erf keeps its precision far below zero, where 1 + erf does not.
  static func normalDistribution(_ x: Float) -> Float { 0.5 * erfc(x * -0.707_106_77) }

  /// The derivative of x · Φ(x): Φ(x) + x · φ(x), where φ is the density of the normal distribution.
  static func normalSlope(_ x: Float) -> Float {
    let inverseRootOfTwoPi: Float = 0.398_942_28
    return normalDistribution(x) + x * (inverseRootOfTwoPi * exp(-0.5 * x * x))
  }

  /// ½ · (1 + tanh u) with u = √(2/π) · (x + 0.044715 · x³), as 1 / (1 + exp(-2u)), which keeps its precision far below
  /// zero.
  static func logisticNormal(_ x: Float) -> Float { sigmoid(logisticArgument(x)) }

  /// The derivative of x · `logisticNormal`(x). Beyond ±10 it is 0 or 1, which the formula would miss by overflow.
  static func logisticNormalSlope(_ x: Float) -> Float {
    if x < -10 { return 0 }
    if x > 10 { return 1 }
    let power = exp(-logisticArgument(x))
    let share = 1 / (1 + power)
    return share + x * (share * (power * share)) * (rootOfEightOverPi * (1 + 0.134_145 * x * x))
  }

  private static let rootOfEightOverPi: Float = 1.595_769_1

  private static func logisticArgument(_ x: Float) -> Float { rootOfEightOverPi * (x + 0.044_715 * x * x * x) }

  /// The derivative of x · σ(x): σ(x) · (1 + x · (1 - σ(x))).
  static func siluSlope(_ x: Float) -> Float {
    let share = sigmoid(x)
    return share * (1 + x * (1 - share))
  }
}
