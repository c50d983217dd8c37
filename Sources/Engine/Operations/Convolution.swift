import Kernels
import Network
import Planner

extension Executor {
  /// Runs a convolution: forward, to the data, or to the weights.
  func convolve(_ instruction: Instruction) {
    let x = unsafe input(instruction.reads[0]).span
    var scratch = unsafe scratch(instruction).mutableSpan
    switch instruction.operation {
    case .convolution(let geometry, let algorithm):
      var y = unsafe output(instruction.writes[0]).mutableSpan
      Convolution.forward(
        geometry, algorithm, batch: program.batch, x: x,
        weights: unsafe parameter(instruction, 0).span, bias: unsafe parameter(instruction, 1).span, y: &y,
        scratch: &scratch)
    case .convolutionBackwardData(let geometry, let algorithm):
      let adding = instruction.reads.count > 1
      if adding { copy(instruction.reads[1], to: instruction.writes[0]) }
      var dx = unsafe output(instruction.writes[0]).mutableSpan
      Convolution.backwardData(
        geometry, algorithm, batch: program.batch, dy: x,
        weights: unsafe parameter(instruction, 0).span, dx: &dx, scratch: &scratch, adding: adding)
    case .convolutionBackwardWeights(let geometry, let algorithm):
      var weights = unsafe gradient(instruction, 0).mutableSpan
      var bias = unsafe gradient(instruction, 1).mutableSpan
      Convolution.backwardWeights(
        geometry, algorithm, batch: program.batch, x: x,
        dy: unsafe input(instruction.reads[1]).span, dWeights: &weights, dBias: &bias, scratch: &scratch)
    default: break
    }
  }

  /// Copies a slot to another, unless they share their memory.
  private func copy(_ source: SlotID, to destination: SlotID) {
    let (from, to) = unsafe (input(source), output(destination))
    guard unsafe from.baseAddress != UnsafePointer(to.baseAddress) else { return }
    _ = unsafe to.update(fromContentsOf: from)
  }
}
