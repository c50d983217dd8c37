import Kernels
import Operators
import Planner

/// What only moves values.
extension Execution {
  /// Rows become columns, block by block.
  func transpose(_ blocks: Int, _ rows: Int, _ columns: Int, _ instruction: Instruction) {
    var y = output(instruction)
    Elementwise.transpose(
      blocks: program.batch * blocks, rows: rows, columns: columns, x: input(instruction), y: &y)
  }

  /// The image moved down and to the right; zeros where nothing comes.
  func shift(_ from: Shape, _ to: Shape, _ top: Int, _ left: Int, _ instruction: Instruction) {
    var y = output(instruction)
    Elementwise.shift(
      batch: program.batch, input: from, output: to, top: top, left: left, x: input(instruction), y: &y)
  }

  /// The channels of all inputs side by side.
  func concatenate(_ positions: Int, _ widths: [Int], _ instruction: Instruction) {
    var y = output(instruction)
    let total = widths.reduce(0, +)
    var offset = 0
    for (index, width) in widths.enumerated() {
      Elementwise.copyColumns(
        rows: program.batch * positions, x: input(instruction, index), columns: width, into: &y, totalColumns: total,
        at: offset)
      offset += width
    }
  }

  /// Some of the channels.
  func extract(_ positions: Int, _ total: Int, _ offset: Int, _ width: Int, _ instruction: Instruction) {
    var y = output(instruction)
    Elementwise.extractColumns(
      rows: program.batch * positions, from: input(instruction), totalColumns: total, at: offset, columns: width,
      into: &y)
  }
}
