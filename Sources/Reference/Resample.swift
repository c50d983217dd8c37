import Operators
import Planner

extension Execution {
  /// y[i, j] = Σ rows[i, u] · columns[j, v] · x[u, v].
  mutating func resample(_ map: Resampling, _ instruction: Instruction) {
    let x = read(instruction)
    var y = [Double](repeating: 0, count: program.batch * map.output.count)
    for sample in 0..<program.batch {
      for (row, source, weight) in map.rows.terms {
        for (column, sourceColumn, columnWeight) in map.columns.terms {
          for channel in 0..<map.channels {
            let from = sample * map.input.count + (source * map.input.width + sourceColumn) * map.channels + channel
            let to = sample * map.output.count + (row * map.output.width + column) * map.channels + channel
            y[to] += weight * columnWeight * x[from]
          }
        }
      }
    }
    write(y, instruction)
  }
}

extension AxisMap {
  /// All weights with the positions that they join.
  fileprivate var terms: [(output: Int, input: Int, weight: Double)] {
    (0..<output).flatMap { place in sources(of: place).map { (place, $0, weight(of: $0, in: place)) } }
  }
}
