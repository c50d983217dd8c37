import Foundation

/// The functions of one number that come from the C library, and their derivatives.
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
