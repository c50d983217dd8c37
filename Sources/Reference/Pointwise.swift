import Foundation
import Operators
import Planner
import Randomness

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

/// A rectifier with a slope for each column.
extension Execution {
  mutating func prelu(_ columns: Int, _ instruction: Instruction) {
    let (x, slopes) = (read(instruction), weights(instruction))
    let pieces = pieces(of: instruction) { x.map { $0 <= 0 ? 0 : 1 } }
    write(x.indices.map { pieces[$0] == 0 ? slopes[$0 % columns] * x[$0] : x[$0] }, instruction)
  }

  mutating func preluBackwardData(_ columns: Int, _ instruction: Instruction) {
    let (x, dy, slopes) = (read(instruction, 0), read(instruction, 1), weights(instruction))
    write(x.indices.map { x[$0] > 0 ? dy[$0] : slopes[$0 % columns] * dy[$0] }, instruction)
  }

  mutating func preluBackwardWeights(_ columns: Int, _ instruction: Instruction) {
    let products = zip(read(instruction, 0), read(instruction, 1)).map { $0 > 0 ? 0 : $0 * $1 }
    storeGradient(sums(products, perRow: columns), instruction, 0)
  }
}

/// 1/(1 + e^−x).
private func logistic(_ x: Double) -> Double { 1 / (1 + exp(-x)) }

extension Execution {
  mutating func softmax(_ columns: Int, _ instruction: Instruction) {
    write(normalizedExponentials(read(instruction), columns), instruction)
  }

  /// dx = y · (dy − Σ y·dy), the sum over a row.
  mutating func softmaxBackward(_ columns: Int, _ instruction: Instruction) {
    let (y, dy) = (read(instruction, 0), read(instruction, 1))
    var dx = [Double](repeating: 0, count: y.count)
    for start in stride(from: 0, to: y.count, by: columns) {
      let row = start..<start + columns
      let mean = row.reduce(0) { $0 + y[$1] * dy[$1] }
      for index in row { dx[index] = y[index] * (dy[index] - mean) }
    }
    write(dx, instruction)
  }
}

/// e^x / Σ e^x over each row, the largest element being taken out first so that nothing overflows.
func normalizedExponentials(_ x: [Double], _ columns: Int) -> [Double] {
  var y: [Double] = []
  y.reserveCapacity(x.count)
  for start in stride(from: 0, to: x.count, by: columns) {
    let row = x[start..<start + columns]
    let largest = row.max() ?? 0
    let powers = row.map { exp($0 - largest) }
    let total = powers.reduce(0, +)
    y += powers.map { $0 / total }
  }
  return y
}

extension Execution {
  /// The mask holds what each column of a sample is multiplied by: 0, or 1/(1 − rate).
  mutating func dropout(
    _ rate: Float, _ subject: UInt64, _ rows: Int, _ columns: Int, _ instruction: Instruction
  ) {
    let scale = 1 / (1 - Double(rate))
    let mask = batch.samples.flatMap { sample -> [Double] in
      var stream = RandomStream(
        seed: dropoutKey.seed, purpose: .dropout, subject: subject, time: UInt64(dropoutKey.step), sample: sample)
      return (0..<columns).map { _ in stream.uniform() >= rate ? scale : 0 }
    }
    write(masked(read(instruction), mask, rows, columns), instruction, 0)
    write(mask, instruction, 1)
  }

  mutating func dropoutBackward(_ rows: Int, _ columns: Int, _ instruction: Instruction) {
    write(masked(read(instruction, 0), read(instruction, 1), rows, columns), instruction)
  }

  private func masked(_ x: [Double], _ mask: [Double], _ rows: Int, _ columns: Int) -> [Double] {
    x.indices.map { x[$0] * mask[$0 / (rows * columns) * columns + $0 % columns] }
  }
}

/// Sums and products of branches, and factors for channels.
extension Execution {
  mutating func add(_ instruction: Instruction) {
    write(zip(read(instruction, 0), read(instruction, 1)).map { $0 + $1 }, instruction)
  }

  mutating func multiply(_ instruction: Instruction) {
    write(zip(read(instruction, 0), read(instruction, 1)).map { $0 * $1 }, instruction)
  }

  /// Each sample has its own factor for each channel.
  mutating func gate(_ positions: Int, _ channels: Int, _ instruction: Instruction) {
    let (x, factors) = (read(instruction, 0), read(instruction, 1))
    let y = x.indices.map { x[$0] * factors[$0 / (positions * channels) * channels + $0 % channels] }
    write(y, instruction)
  }

  mutating func gateBackward(_ positions: Int, _ channels: Int, _ instruction: Instruction) {
    let (x, dy) = (read(instruction, 0), read(instruction, 1))
    var gradient = [Double](repeating: 0, count: program.batch * channels)
    for index in x.indices {
      gradient[index / (positions * channels) * channels + index % channels] += x[index] * dy[index]
    }
    write(gradient, instruction)
  }

  /// All samples share the factor of a channel.
  mutating func channelScale(_ channels: Int, _ instruction: Instruction) {
    let (x, factors) = (read(instruction), weights(instruction))
    write(x.indices.map { x[$0] * factors[$0 % channels] }, instruction)
  }

  mutating func channelScaleBackwardWeights(_ channels: Int, _ instruction: Instruction) {
    let products = zip(read(instruction, 0), read(instruction, 1)).map { $0 * $1 }
    storeGradient(sums(products, perRow: channels), instruction, 0)
  }
}
