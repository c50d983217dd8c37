import Planner
import Randomness

extension Execution {
  /// The mask holds what each column of a sample is multiplied by: 0, or 1/(1 − rate).
  mutating func dropout(
    _ rate: Float, _ subject: UInt64, _ rows: Int, _ columns: Int, _ instruction: Instruction
  ) {
    let scale = 1 / (1 - Double(rate))
    let mask = batch.samples.flatMap { sample -> [Double] in
      var stream = RandomStream(
        seed: draw.seed, purpose: .dropout, subject: subject, time: UInt64(draw.step), sample: sample)
      return (0..<columns).map { _ in stream.uniform() >= rate ? scale : 0 }
    }
    write(masked(read(instruction), mask, rows, columns), instruction, 0)
    write(mask, instruction, 1)
  }

  mutating func dropoutBackward(_ rows: Int, _ columns: Int, _ instruction: Instruction) {
    write(masked(read(instruction, 0), read(instruction, 1), rows, columns), instruction)
  }

  private func masked(_ x: [Double], _ mask: [Double], _ rows: Int, _ columns: Int) -> [Double] {
    x.indices.map { x[$0] * mask[$0 / (rows * columns) * columns + $0 % columns] }
  }
}
