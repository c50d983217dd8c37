import Kernels
import Planner

extension Executor {
  /// Runs products: of two tensors, of a tensor and one factor for each channel.
  func scale(_ instruction: Instruction) {
    let x = unsafe input(instruction.reads[0]).span
    switch instruction.operation {
    case .multiply:
      var y = unsafe output(instruction.writes[0]).mutableSpan
      Elementwise.multiply(x, unsafe input(instruction.reads[1]).span, into: &y)
    case .gate(let positions, let channels):
      var y = unsafe output(instruction.writes[0]).mutableSpan
      Elementwise.multiplyRow(
        blocks: program.batch, rows: positions, columns: channels, x: x,
        row: unsafe input(instruction.reads[1]).span, y: &y)
    case .gateBackward(let positions, let channels):
      var factors = unsafe output(instruction.writes[0]).mutableSpan
      Elementwise.sumProducts(
        blocks: program.batch, rows: positions, columns: channels, a: x,
        b: unsafe input(instruction.reads[1]).span, into: &factors)
    case .channelScale(let positions, let channels):
      var y = unsafe output(instruction.writes[0]).mutableSpan
      Elementwise.multiplyRow(
        blocks: 1, rows: program.batch * positions, columns: channels, x: x,
        row: unsafe parameter(instruction, 0).span, y: &y)
    case .channelScaleBackwardWeights(let positions, let channels):
      var factors = unsafe gradient(instruction, 0).mutableSpan
      Elementwise.sumProducts(
        blocks: 1, rows: program.batch * positions, columns: channels, a: x,
        b: unsafe input(instruction.reads[1]).span, into: &factors)
    default: break
    }
  }
}
