import Foundation
import Planner

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
      for place in row { dx[place] = y[place] * (dy[place] - mean) }
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
