import Operators
import Planner

extension Execution {
  /// Transposes each matrix from [rows][columns] to [columns][rows].
  mutating func transpose(_ rows: Int, _ columns: Int, _ instruction: Instruction) {
    let x = read(instruction)
    var y = [Double](repeating: 0, count: x.count)
    for start in stride(from: 0, to: x.count, by: rows * columns) {
      for row in 0..<rows {
        for column in 0..<columns { y[start + column * rows + row] = x[start + row * columns + column] }
      }
    }
    write(y, instruction)
  }

  /// y[i, j] = x[i − top, j − left] where that lies on x, else 0.
  mutating func shift(_ from: Shape, _ to: Shape, _ top: Int, _ left: Int, _ instruction: Instruction) {
    let x = read(instruction)
    var y: [Double] = []
    for sample in 0..<program.batch {
      for i in 0..<to.height {
        for j in 0..<to.width {
          let (row, column) = (i - top, j - left)
          let isInside = (0..<from.height).contains(row) && (0..<from.width).contains(column)
          let start = sample * from.count + (row * from.width + column) * from.channels
          y += isInside ? x[start..<start + from.channels] : ArraySlice(repeating: 0, count: to.channels)
        }
      }
    }
    write(y, instruction)
  }

  /// At each position the channels of all branches, one after the other.
  mutating func concatenate(_ widths: [Int], _ instruction: Instruction) {
    let branches = widths.indices.map { read(instruction, $0) }
    var y: [Double] = []
    for position in 0..<branches[0].count / widths[0] {
      for (branch, width) in zip(branches, widths) { y += branch[position * width..<(position + 1) * width] }
    }
    write(y, instruction)
  }

  mutating func extract(_ total: Int, _ offset: Int, _ width: Int, _ instruction: Instruction) {
    let dy = read(instruction)
    let rows = stride(from: offset, to: dy.count, by: total).map { dy[$0..<$0 + width] }
    write(Array(rows.joined()), instruction)
  }
}
