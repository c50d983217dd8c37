import Kernels
import Network
import Planner

extension Executor {
  /// Runs an activation forward.
  func activate(_ instruction: Instruction) {
    let x = unsafe input(instruction.reads[0]).span
    var y = unsafe output(instruction.writes[0]).mutableSpan
    switch instruction.operation {
    case .activation(.relu, _): Activation.reluForward(x: x, y: &y)
    case .activation(.sigmoid, _): Activation.sigmoidForward(x: x, y: &y)
    case .activation(.tanh, _): Activation.tanhForward(x: x, y: &y)
    case .activation(.gelu, _): Activation.geluForward(x: x, y: &y)
    case .softmax(let rows, let columns):
      Activation.softmaxForward(rows: program.batch * rows, columns: columns, x: x, y: &y)
    default: break
    }
  }

  /// Runs an activation backward; what was saved is its output, for GELU its input.
  func activateBackward(_ instruction: Instruction) {
    let saved = unsafe input(instruction.reads[0]).span
    let dy = unsafe input(instruction.reads[1]).span
    var dx = unsafe output(instruction.writes[0]).mutableSpan
    switch instruction.operation {
    case .activationBackward(.relu, _): Activation.reluBackward(y: saved, dy: dy, dx: &dx)
    case .activationBackward(.sigmoid, _): Activation.sigmoidBackward(y: saved, dy: dy, dx: &dx)
    case .activationBackward(.tanh, _): Activation.tanhBackward(y: saved, dy: dy, dx: &dx)
    case .activationBackward(.gelu, _): Activation.geluBackward(x: saved, dy: dy, dx: &dx)
    case .softmaxBackward(let rows, let columns):
      Activation.softmaxBackward(rows: program.batch * rows, columns: columns, y: saved, dy: dy, dx: &dx)
    default: break
    }
  }
}
