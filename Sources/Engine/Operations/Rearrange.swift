import Kernels
import Network
import Planner

extension Executor {
  /// Runs what only moves or adds numbers: transpose, shift, add, concat.
  func rearrange(_ instruction: Instruction) {
    let x = unsafe input(instruction.reads[0]).span
    var y = unsafe output(instruction.writes[0]).mutableSpan
    let batch = program.batch
    switch instruction.operation {
    case .transpose(let blocks, let rows, let columns):
      Elementwise.transpose(blocks: batch * blocks, rows: rows, columns: columns, x: x, y: &y)
    case .shift(let from, let to, let top, let left):
      Elementwise.shift(batch: batch, input: from, output: to, top: top, left: left, x: x, y: &y)
    case .add:
      Elementwise.add(x, unsafe input(instruction.reads[1]).span, into: &y)
    case .concatenate(let positions, let widths):
      var offset = 0
      for (part, width) in zip(instruction.reads, widths) {
        Elementwise.copyColumns(
          rows: batch * positions, x: unsafe input(part).span, columns: width, into: &y,
          totalColumns: widths.reduce(0, +), at: offset)
        offset += width
      }
    case .extract(let positions, let total, let offset, let width):
      Elementwise.extractColumns(
        rows: batch * positions, from: x, totalColumns: total, at: offset, columns: width, into: &y)
    default: break
    }
  }
}
