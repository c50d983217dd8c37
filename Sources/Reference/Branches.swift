import Planner

extension Execution {
  mutating func add(_ instruction: Instruction) {
    write(zip(read(instruction, 0), read(instruction, 1)).map { $0 + $1 }, instruction)
  }

  /// At each position the channels of all branches, one behind the other.
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
