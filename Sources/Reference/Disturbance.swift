import Planner
package import Randomness

/// Small random errors on everything that a program computes, as single precision makes them, but in the hands of the
/// interpreter: what a result does under them, it may do in any sound single-precision engine.
package struct Disturbance: Sendable {
  /// The size of an error relative to the number.
  /// The deviation of an error, relative to the number.
  private let size: Double
  private var random: RandomStream

  /// Errors of the given relative size, drawn from `random`.
  package init(size: Double, random: RandomStream) {
    self.size = size
    self.random = random
  }

  /// The numbers with errors on them; zeros stay. An error is relative to the number, or to the root of the mean square
  /// of all of them if that is larger: a small number is often the sum of large ones.
  package mutating func moved(_ numbers: [Double]) -> [Double] {
    let mean = numbers.reduce(0) { $0 + $1 * $1 } / Double(max(1, numbers.count))
    let (usual, width) = (mean.squareRoot(), size * 12.0.squareRoot())
    return numbers.map { number in
      number == 0 ? 0 : number + width * max(abs(number), usual) * (Double(random.uniform()) - 0.5)
    }
  }
}

extension Execution {
  /// Puts errors on what an instruction has written. Indices of max pooling are no numbers.
  mutating func disturb(_ instruction: Instruction, by disturbance: inout Disturbance) {
    let isPooling = if case .maxPooling = instruction.operation { true } else { false }
    for slot in isPooling ? instruction.writes.prefix(1) : instruction.writes[...] {
      slots[slot.index] = disturbance.moved(slots[slot.index])
    }
  }
}
