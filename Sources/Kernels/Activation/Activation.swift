internal import CKernels
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
