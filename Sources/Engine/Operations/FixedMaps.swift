import Kernels
import Network
import Planner

extension Executor {
  /// Runs maps without parameters: fixed filters, means over windows, interpolation.
  func map(_ instruction: Instruction) {
    let x = unsafe input(instruction.reads[0]).span
    var y = unsafe output(instruction.writes[0]).mutableSpan
    switch instruction.operation {
    case .filter(let geometry): FixedFilters.forward(geometry, batch: program.batch, x: x, y: &y)
    case .filterBackward(let geometry): FixedFilters.backward(geometry, batch: program.batch, dy: x, dx: &y)
    case .resample(let map): Resample.apply(map, batch: program.batch, x: x, y: &y)
    default: break
    }
  }
}
