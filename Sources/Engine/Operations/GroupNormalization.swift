import Kernels
import Network
import Planner

extension Executor {
  /// Runs the normalizations that do not look beyond a sample: group, layer, instance and local response.
  func normalizeSamples(_ instruction: Instruction) {
    let x = unsafe input(instruction.reads[0]).span
    var y = unsafe output(instruction.writes[0]).mutableSpan
    switch instruction.operation {
    case .groupNormalization(let groups, let epsilon):
      var mean = unsafe output(instruction.writes[1]).mutableSpan
      var deviation = unsafe output(instruction.writes[2]).mutableSpan
      GroupNormalization.forward(
        groups, batch: program.batch, epsilon: epsilon, x: x, scale: unsafe parameter(instruction, 0).span,
        shift: unsafe parameter(instruction, 1).span, y: &y, mean: &mean, inverseDeviation: &deviation)
    case .groupNormalizationBackward(let groups):
      var dScale = unsafe gradient(instruction, 0, orScratch: groups.channels).mutableSpan
      var dShift = unsafe gradient(instruction, 1, orScratch: groups.channels).mutableSpan
      GroupNormalization.backward(
        groups, batch: program.batch, x: x, dy: unsafe input(instruction.reads[1]).span,
        scale: unsafe parameter(instruction, 0).span, mean: unsafe input(instruction.reads[2]).span,
        inverseDeviation: unsafe input(instruction.reads[3]).span, dx: &y, dScale: &dScale, dShift: &dShift)
    case .localResponse(let response, let positions):
      var sums = unsafe output(instruction.writes[1]).mutableSpan
      LocalResponseNormalization.forward(response, rows: program.batch * positions, x: x, y: &y, sums: &sums)
    case .localResponseBackward(let response, let positions):
      LocalResponseNormalization.backward(
        response, rows: program.batch * positions, x: x, y: unsafe input(instruction.reads[1]).span,
        sums: unsafe input(instruction.reads[2]).span, dy: unsafe input(instruction.reads[3]).span, dx: &y)
    default: break
    }
  }
}
