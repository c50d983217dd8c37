import Planner

extension Execution {
  /// y = γ·(x − mean)/√(variance + ε) + β over the micro-batch (Ioffe and Szegedy 2015, algorithm 1).
  mutating func batchNormalization(
    _ channels: Int, _ epsilon: Double, _ tail: NormalizationTail, _ instruction: Instruction
  ) {
    let x = read(instruction)
    let count = Double(x.count / channels)
    let mean = sums(x, perRow: channels).map { $0 / count }
    let centered = x.indices.map { x[$0] - mean[$0 % channels] }
    let squares = sums(centered.map { $0 * $0 }, perRow: channels)
    let inverse = squares.map { 1 / ($0 / count + epsilon).squareRoot() }
    write(finished(normalized(x, mean, inverse, instruction), tail, instruction), instruction, 0)
    write(mean, instruction, 1)
    write(inverse, instruction, 2)
    guard let statistics = instruction.statistics.map({ layout[$0] }) else { return }
    gradients.replaceSubrange(statistics.mean, with: mean)
    // A single value has no unbiased variance; it counts as zero.
    gradients.replaceSubrange(statistics.variance, with: squares.map { $0 / max(count - 1, 1) })
  }

  /// dx = γ/√(variance + ε) · (dy − mean(dy) − x̂ · mean(dy · x̂)), by the chain rule through mean and variance.
  mutating func batchNormalizationBackward(_ channels: Int, _ instruction: Instruction) {
    let (x, dy) = (read(instruction, 0), counting(read(instruction, 1), instruction))
    if instruction.writes.count > 1 { write(dy, instruction, 1) }
    let (mean, inverse) = (read(instruction, 2), read(instruction, 3))
    let scale = weights(instruction)
    let count = Double(x.count / channels)
    let unit = x.indices.map { (x[$0] - mean[$0 % channels]) * inverse[$0 % channels] }
    let shiftGradient = sums(dy, perRow: channels)
    let scaleGradient = sums(zip(dy, unit).map { $0 * $1 }, perRow: channels)
    let dx = x.indices.map { place in
      let channel = place % channels
      let rest = dy[place] - shiftGradient[channel] / count - unit[place] * scaleGradient[channel] / count
      return scale[channel] * inverse[channel] * rest
    }
    write(dx, instruction)
    storeGradient(scaleGradient, instruction, 0)
    storeGradient(shiftGradient, instruction, 1)
  }

  mutating func batchNormalizationEvaluation(
    _ channels: Int, _ epsilon: Double, _ tail: NormalizationTail, _ instruction: Instruction
  ) {
    let (mean, inverse) = running(instruction, epsilon)
    write(finished(normalized(read(instruction), mean, inverse, instruction), tail, instruction), instruction)
  }

  /// dx = γ·dy/√(variance + ε): running statistics do not depend on x.
  mutating func batchNormalizationEvaluationBackwardData(
    _ channels: Int, _ epsilon: Double, _ instruction: Instruction
  ) {
    var dy = read(instruction)
    if instruction.reads.count > 1 { dy = zip(dy, read(instruction, 1)).map { $1 > 0 ? $0 : 0 } }
    if instruction.writes.count > 1 { write(dy, instruction, 1) }
    let (scale, inverse) = (weights(instruction), running(instruction, epsilon).inverse)
    write(dy.indices.map { dy[$0] * scale[$0 % channels] * inverse[$0 % channels] }, instruction)
  }

  mutating func batchNormalizationEvaluationBackwardWeights(
    _ channels: Int, _ epsilon: Double, _ instruction: Instruction
  ) {
    let (x, dy) = (read(instruction, 0), read(instruction, 1))
    let (mean, inverse) = running(instruction, epsilon)
    let products = x.indices.map { dy[$0] * (x[$0] - mean[$0 % channels]) * inverse[$0 % channels] }
    storeGradient(sums(products, perRow: channels), instruction, 0)
    storeGradient(sums(dy, perRow: channels), instruction, 1)
  }

  /// The running means and 1/√(variance + ε).
  private func running(_ instruction: Instruction, _ epsilon: Double) -> (mean: [Double], inverse: [Double]) {
    guard let statistics = instruction.statistics.map({ layout[$0] }) else {
      preconditionFailure("'\(instruction.path)' has no running statistics")
    }
    return (
      Array(parameters[statistics.mean]), parameters[statistics.variance].map { 1 / ($0 + epsilon).squareRoot() }
    )
  }

  /// The residual added and the larger of that and zero taken, as far as the tail asks for them.
  private func finished(_ values: [Double], _ tail: NormalizationTail, _ instruction: Instruction) -> [Double] {
    let sum = tail.addsResidual ? zip(values, read(instruction, 1)).map { $0 + $1 } : values
    return tail.relu ? sum.map { $0 > 0 ? $0 : 0 } : sum
  }

  /// What of dy counts: behind a ReLU that where its result is above zero, which is the fifth read or, without a residual,
  /// computed again with the shift.
  private func counting(_ dy: [Double], _ instruction: Instruction) -> [Double] {
    if instruction.reads.count > 4 { return zip(dy, read(instruction, 4)).map { $1 > 0 ? $0 : 0 } }
    guard instruction.parameters.count > 1 else { return dy }
    let result = normalized(read(instruction, 0), read(instruction, 2), read(instruction, 3), instruction)
    return zip(dy, result).map { $1 > 0 ? $0 : 0 }
  }

  private func normalized(
    _ x: [Double], _ mean: [Double], _ inverse: [Double], _ instruction: Instruction
  ) -> [Double] {
    let (scale, shift) = (weights(instruction), parameter(instruction, 1) ?? [])
    return x.indices.map { place in
      let channel = place % mean.count
      return scale[channel] * (x[place] - mean[channel]) * inverse[channel] + shift[channel]
    }
  }
}
