import Kernels
import Planner
import Randomness

extension Executor {
  /// Runs dropout: forward with a new mask, backward with the same one.
  func drop(_ instruction: Instruction) {
    let x = unsafe input(instruction.reads[0]).span
    var y = unsafe output(instruction.writes[0]).mutableSpan
    switch instruction.operation {
    case .dropout(let rate, let subject, let rows, let columns):
      let mask = unsafe output(instruction.writes[1])
      for sample in 0..<program.batch {
        var part = unsafe UnsafeMutableBufferPointer(rebasing: mask[sample * columns..<(sample + 1) * columns])
          .mutableSpan
        Dropout.mask(rate: rate, stream: stream(subject, sample: sample), sampleElements: columns, mask: &part)
      }
      Elementwise.multiplyRow(
        blocks: program.batch, rows: rows, columns: columns, x: x, row: unsafe UnsafeBufferPointer(mask).span, y: &y)
    case .dropoutBackward(let rows, let columns):
      Elementwise.multiplyRow(
        blocks: program.batch, rows: rows, columns: columns, x: x, row: unsafe input(instruction.reads[1]).span, y: &y)
    default: break
    }
  }

  private func stream(_ subject: UInt64, sample: Int) -> RandomStream {
    RandomStream(
      seed: context.seed, purpose: .dropout, subject: subject, time: UInt64(context.step),
      sample: unsafe batch.samples[sample])
  }
}
