import Foundation
import Operators
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
    let dx = x.indices.map { index in
      let channel = index % channels
      let rest = dy[index] - shiftGradient[channel] / count - unit[index] * scaleGradient[channel] / count
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

  /// What of dy counts: after a ReLU that where its result is above zero, which is the fifth read or, without a
  /// residual, computed again with the shift.
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
    return x.indices.map { index in
      let channel = index % mean.count
      return scale[channel] * (x[index] - mean[channel]) * inverse[channel] + shift[channel]
    }
  }
}

extension Execution {
  /// y = γ·(x − mean)/√(variance + ε) + β over each group of each block of a sample (Wu and He 2018, eq. 1 and 7).
  mutating func groupNormalization(_ groups: NormalizationGroups, _ epsilon: Double, _ instruction: Instruction) {
    let x = read(instruction)
    let mean = groups.means(x)
    let variance = groups.means(x.indices.map { square(x[$0] - mean[groups.group(of: $0)]) })
    let inverse = variance.map { 1 / ($0 + epsilon).squareRoot() }
    let (scale, shift) = (parameter(instruction, 0), parameter(instruction, 1))
    let y = x.indices.map { index in
      let unit = (x[index] - mean[groups.group(of: index)]) * inverse[groups.group(of: index)]
      let channel = index % groups.channels
      return (scale?[channel] ?? 1) * unit + (shift?[channel] ?? 0)
    }
    write(y, instruction, 0)
    write(mean, instruction, 1)
    write(inverse, instruction, 2)
  }

  /// dx = (g − mean(g) − x̂ · mean(g · x̂))/√(variance + ε) with g = γ·dy, by the chain rule through mean and variance.
  mutating func groupNormalizationBackward(_ groups: NormalizationGroups, _ instruction: Instruction) {
    let (x, dy, mean, inverse) = (
      read(instruction, 0), read(instruction, 1), read(instruction, 2), read(instruction, 3)
    )
    let scale = parameter(instruction, 0)
    let unit = x.indices.map { (x[$0] - mean[groups.group(of: $0)]) * inverse[groups.group(of: $0)] }
    let g = dy.indices.map { dy[$0] * (scale?[$0 % groups.channels] ?? 1) }
    let meanG = groups.means(g)
    let meanProduct = groups.means(zip(g, unit).map { $0 * $1 })
    let dx = x.indices.map { index in
      let group = groups.group(of: index)
      return inverse[group] * (g[index] - meanG[group] - unit[index] * meanProduct[group])
    }
    write(dx, instruction)
    storeGradient(sums(zip(dy, unit).map { $0 * $1 }, perRow: groups.channels), instruction, 0)
    storeGradient(sums(dy, perRow: groups.channels), instruction, 1)
  }
}

extension NormalizationGroups {
  /// The group, counted over the whole micro-batch, of the element at `index`.
  fileprivate func group(of index: Int) -> Int {
    let (block, channel) = (index / (positions * channels), index % channels)
    return block * groups + channel / (channels / groups)
  }

  /// The mean of each group.
  fileprivate func means(_ x: [Double]) -> [Double] {
    var means = [Double](repeating: 0, count: x.count / groupCount)
    for index in x.indices { means[group(of: index)] += x[index] / Double(groupCount) }
    return means
  }
}

/// x².
func square(_ x: Double) -> Double { x * x }

extension Execution {
  /// y[c] = x[c] / s[c]^β with s[c] = k + α/size · Σ x[j]².
  mutating func localResponse(_ response: LocalResponse, _ instruction: Instruction) {
    let x = read(instruction)
    let s = x.indices.map { index -> Double in
      let channel = index % response.channels
      let squares = response.neighbours(of: channel).map { square(x[index - channel + $0]) }
      return Double(response.k) + response.share * squares.reduce(0, +)
    }
    write(zip(x, s).map { $0 / pow($1, Double(response.beta)) }, instruction, 0)
    write(s, instruction, 1)
  }

  /// dx[j] = dy[j] / s[j]^β − 2αβ/size · x[j] · Σ dy[c]·y[c]/s[c] over the channels c to whose sums j belongs.
  mutating func localResponseBackward(_ response: LocalResponse, _ instruction: Instruction) {
    let (x, y, s, dy) = (read(instruction, 0), read(instruction, 1), read(instruction, 2), read(instruction, 3))
    let beta = Double(response.beta)
    let dx = x.indices.map { index -> Double in
      let channel = index % response.channels
      let inverse = (0..<response.channels).filter { response.neighbours(of: $0).contains(channel) }
      let through = inverse.map { index - channel + $0 }.reduce(0) { $0 + dy[$1] * y[$1] / s[$1] }
      return dy[index] / pow(s[index], beta) - 2 * response.share * beta * x[index] * through
    }
    write(dx, instruction)
  }
}

extension LocalResponse {
  /// What one square counts in a sum.
  fileprivate var share: Double { Double(alpha) / Double(size) }
}
