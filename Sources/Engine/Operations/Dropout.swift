import Kernels
import Planner
import Randomness

extension Executor {
  /// Runs dropout: forward with a new mask, backward with the same one.
  func drop(_ instruction: Instruction) {
    let x = unsafe input(instruction.reads[0]).span
    var y = unsafe output(instruction.writes[0]).mutableSpan
    switch instruction.operation {
    case .dropout(let rate, let subject, let count):
      let mask = unsafe output(instruction.writes[1])
      for sample in 0..<program.batch {
        var part = unsafe UnsafeMutableBufferPointer(rebasing: mask[sample * count..<(sample + 1) * count]).mutableSpan
        Dropout.mask(rate: rate, stream: stream(subject, sample: sample), sampleElements: count, mask: &part)
      }
      Dropout.apply(x: x, mask: unsafe UnsafeBufferPointer(mask).span, y: &y)
    case .dropoutBackward:
      Dropout.apply(x: x, mask: unsafe input(instruction.reads[1]).span, y: &y)
    default: break
    }
  }

  private func stream(_ subject: UInt64, sample: Int) -> RandomStream {
    RandomStream(
      seed: context.seed, purpose: .dropout, subject: subject, time: UInt64(context.step),
      sample: unsafe batch.samples[sample])
  }
}
