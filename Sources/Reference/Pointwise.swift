import Foundation
import Network
import Planner
import Randomness

extension Execution {
  mutating func activation(_ function: ActivationFunction, _ instruction: Instruction) {
    let x = read(instruction)
    switch function {
    case .relu: write(rectified(x, instruction), instruction)
    case .sigmoid: write(x.map { 1 / (1 + exp(-$0)) }, instruction)
    case .tanh: write(x.map { tanh($0) }, instruction)
    case .gelu: write(x.map { $0 * normalDistribution($0) }, instruction)
    }
  }

  /// A frozen run passes what the earlier one passed.
  private func rectified(_ x: [Double], _ instruction: Instruction) -> [Double] {
    guard let earlier = frozen?[instruction.writes[0].index] else { return x.map { max($0, 0) } }
    return zip(x, earlier).map { $1 > 0 ? $0 : 0 }
  }

  mutating func activationBackward(_ function: ActivationFunction, _ instruction: Instruction) {
    let saved = read(instruction, 0)
    let slope: [Double] =
      switch function {
      case .relu: saved.map { $0 > 0 ? 1 : 0 }
      case .sigmoid: saved.map { $0 * (1 - $0) }
      case .tanh: saved.map { 1 - $0 * $0 }
      case .gelu: saved.map { normalDistribution($0) + $0 * exp(-$0 * $0 / 2) / (2 * Double.pi).squareRoot() }
      }
    write(zip(slope, read(instruction, 1)).map { $0 * $1 }, instruction)
  }

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
      for place in row { dx[place] = y[place] * (dy[place] - mean) }
    }
    write(dx, instruction)
  }

  /// The mask holds what each element is multiplied by: 0, or 1/(1 − rate).
  mutating func dropout(_ rate: Float, _ subject: UInt64, _ count: Int, _ instruction: Instruction) {
    let x = read(instruction)
    let scale = 1 / (1 - Double(rate))
    let mask = batch.samples.flatMap { sample -> [Double] in
      var stream = RandomStream(
        seed: draw.seed, purpose: .dropout, subject: subject, time: UInt64(draw.step), sample: sample)
      return (0..<count).map { _ in stream.uniform() >= rate ? scale : 0 }
    }
    write(zip(x, mask).map { $0 * $1 }, instruction, 0)
    write(mask, instruction, 1)
  }

  mutating func dropoutBackward(_ instruction: Instruction) {
    write(zip(read(instruction, 0), read(instruction, 1)).map { $0 * $1 }, instruction)
  }

  /// Transposes each sample from [rows][columns] to [columns][rows].
  mutating func flatten(_ rows: Int, _ columns: Int, _ instruction: Instruction) {
    let x = read(instruction)
    var y = [Double](repeating: 0, count: x.count)
    for start in stride(from: 0, to: x.count, by: rows * columns) {
      for row in 0..<rows {
        for column in 0..<columns { y[start + column * rows + row] = x[start + row * columns + column] }
      }
    }
    write(y, instruction)
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

/// Φ: the distribution function of the standard normal distribution.
private func normalDistribution(_ x: Double) -> Double { 0.5 * erfc(-x / 2.squareRoot()) }
