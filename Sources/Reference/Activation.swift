import Foundation
import Operators
import Planner

extension Execution {
  mutating func activation(_ function: ActivationFunction, _ instruction: Instruction) {
    let x = read(instruction)
    let pieces = pieces(of: instruction) { x.map { function.piece(of: $0) } }
    write(zip(x, pieces).map { function.value(at: $0, piece: $1) }, instruction)
  }

  mutating func activationBackward(_ function: ActivationFunction, _ instruction: Instruction) {
    let slopes = read(instruction, 0).map { function.slope(saved: $0) }
    write(zip(slopes, read(instruction, 1)).map { $0 * $1 }, instruction)
  }
}

extension ActivationFunction {
  /// The smooth piece on which x lies, counted from the left. What is not a number goes on through the piece in the
  /// middle.
  fileprivate func piece(of x: Double) -> Int {
    switch self {
    case .relu, .leakyReLU, .elu: x <= 0 ? 0 : 1
    case .relu6: x <= 0 ? 0 : x >= 6 ? 2 : 1
    case .hardSigmoid: x <= -3 ? 0 : x >= 3 ? 2 : 1
    case .hardSwish: x < -3 ? 0 : x > 3 ? 2 : 1
    case .sigmoid, .tanh, .gelu, .silu, .softplus: 0
    }
  }

  /// The value at x of the function that continues the given piece.
  fileprivate func value(at x: Double, piece: Int) -> Double {
    switch self {
    case .relu: [0, x][piece]
    case .relu6: [0, x, 6][piece]
    case .leakyReLU(let slope): [Double(slope) * x, x][piece]
    case .elu(let alpha): [Double(alpha) * expm1(x), x][piece]
    case .sigmoid: logistic(x)
    case .tanh: Foundation.tanh(x)
    case .gelu(let form): x * form.distribution(x)
    case .silu: x * logistic(x)
    case .hardSigmoid: [0, x / 6 + 0.5, 1][piece]
    case .hardSwish: [0, x * (x / 6 + 0.5), x][piece]
    case .softplus(let beta): (max(Double(beta) * x, 0) + log1p(exp(-abs(Double(beta) * x)))) / Double(beta)
    }
  }

  /// The derivative, from the input or the output as `differentiatesInput` says.
  fileprivate func slope(saved: Double) -> Double {
    switch self {
    case .relu: saved > 0 ? 1 : 0
    case .relu6: saved > 0 && saved < 6 ? 1 : 0
    case .leakyReLU(let slope): saved > 0 ? 1 : Double(slope)
    case .elu(let alpha): saved > 0 ? 1 : saved + Double(alpha)
    case .sigmoid: saved * (1 - saved)
    case .tanh: 1 - saved * saved
    case .gelu(let form): form.distribution(saved) + saved * form.density(saved)
    case .silu: logistic(saved) * (1 + saved * (1 - logistic(saved)))
    case .hardSigmoid: saved > 0 && saved < 1 ? 1.0 / 6 : 0
    case .hardSwish: saved < -3 ? 0 : saved > 3 ? 1 : saved / 3 + 0.5
    // σ(βx), and e^βy is 1 + e^βx.
    case .softplus(let beta): -expm1(-Double(beta) * saved)
    }
  }
}

extension GELUForm {
  /// Φ: the distribution function of the standard normal distribution.
  fileprivate func distribution(_ x: Double) -> Double {
    switch self {
    case .exact: 0.5 * erfc(-x / 2.squareRoot())
    case .tanh: 0.5 * (1 + Foundation.tanh(Self.scale * (x + 0.044715 * x * x * x)))
    }
  }

  /// The derivative of Φ.
  fileprivate func density(_ x: Double) -> Double {
    switch self {
    case .exact: return exp(-x * x / 2) / (2 * Double.pi).squareRoot()
    case .tanh:
      let bend = Foundation.tanh(Self.scale * (x + 0.044715 * x * x * x))
      return 0.5 * (1 - bend * bend) * Self.scale * (1 + 3 * 0.044715 * x * x)
    }
  }

  private static let scale = (2 / Double.pi).squareRoot()
}

/// 1/(1 + e^−x).
private func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }
