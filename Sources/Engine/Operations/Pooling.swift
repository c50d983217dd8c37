import Kernels
import Network
import Planner

extension Executor {
  /// Runs a pooling layer forward or backward.
  func pool(_ instruction: Instruction) {
    let x = unsafe input(instruction.reads[0]).span
    var y = unsafe output(instruction.writes[0]).mutableSpan
    let batch = program.batch
    switch instruction.operation {
    case .maxPooling(let window, let channels):
      var chosen = unsafe indices(instruction.writes[1]).mutableSpan
      Pooling.maxForward(window: window, channels: channels, batch: batch, x: x, y: &y, indices: &chosen)
    case .maxPoolingBackward(let window, let channels):
      let chosen = unsafe UnsafeBufferPointer(indices(instruction.reads[1])).span
      Pooling.maxBackward(window: window, channels: channels, batch: batch, dy: x, indices: chosen, dx: &y)
    case .powerPooling(let window, let channels, let exponent):
      Pooling.powerForward(window: window, channels: channels, batch: batch, exponent: exponent, x: x, y: &y)
    case .powerPoolingBackward(let window, let channels, let exponent):
      Pooling.powerBackward(
        window: window, channels: channels, batch: batch, exponent: exponent, x: x,
        y: unsafe input(instruction.reads[1]).span, dy: unsafe input(instruction.reads[2]).span, dx: &y)
    case .globalAveragePooling(let positions, let channels):
      Pooling.globalAverageForward(positions: positions, channels: channels, batch: batch, x: x, y: &y)
    case .globalAveragePoolingBackward(let positions, let channels):
      Pooling.globalAverageBackward(positions: positions, channels: channels, batch: batch, dy: x, dx: &y)
    default: break
    }
  }
}
