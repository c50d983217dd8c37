import Kernels
import Planner

extension Executor {
  /// Runs what only moves or adds numbers: flatten, add, concat.
  func rearrange(_ instruction: Instruction) {
    let x = unsafe input(instruction.reads[0]).span
    var y = unsafe output(instruction.writes[0]).mutableSpan
    let batch = program.batch
    switch instruction.operation {
    case .flatten(let positions, let channels):
      Elementwise.transposePlanes(batch: batch, positions: positions, channels: channels, x: x, y: &y)
    case .flattenBackward(let positions, let channels):
      Elementwise.restorePlanes(batch: batch, positions: positions, channels: channels, x: x, y: &y)
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
