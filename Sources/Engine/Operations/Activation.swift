import Kernels
import Network
import Planner

extension Executor {
  /// Runs an activation forward.
  func activate(_ instruction: Instruction) {
    let x = unsafe input(instruction.reads[0]).span
    var y = unsafe output(instruction.writes[0]).mutableSpan
    switch instruction.operation {
    case .activation(let function, _): Activation.forward(function, x: x, y: &y)
    case .softmax(let rows, let columns):
      Activation.softmaxForward(rows: program.batch * rows, columns: columns, x: x, y: &y)
    default: break
    }
  }

  /// Runs an activation backward; what was saved is its output, or its input where the function needs that.
  func activateBackward(_ instruction: Instruction) {
    let saved = unsafe input(instruction.reads[0]).span
    let dy = unsafe input(instruction.reads[1]).span
    var dx = unsafe output(instruction.writes[0]).mutableSpan
    switch instruction.operation {
    case .activationBackward(let function, _): Activation.backward(function, saved: saved, dy: dy, dx: &dx)
    case .softmaxBackward(let rows, let columns):
      Activation.softmaxBackward(rows: program.batch * rows, columns: columns, y: saved, dy: dy, dx: &dx)
    default: break
    }
  }
}
