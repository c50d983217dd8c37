import Operators
import Planner

extension Execution {
  /// y = γ·(x − mean)/√(variance + ε) + β over each group of each block of a sample (Wu and He 2018, eq. 1 and 7).
  mutating func groupNormalization(_ groups: NormalizationGroups, _ epsilon: Double, _ instruction: Instruction) {
    let x = read(instruction)
    let mean = groups.means(x)
    let variance = groups.means(x.indices.map { square(x[$0] - mean[groups.group(of: $0)]) })
    let inverse = variance.map { 1 / ($0 + epsilon).squareRoot() }
    let (scale, shift) = (parameter(instruction, 0), parameter(instruction, 1))
    let y = x.indices.map { place in
      let unit = (x[place] - mean[groups.group(of: place)]) * inverse[groups.group(of: place)]
      let channel = place % groups.channels
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
    let dx = x.indices.map { place in
      let group = groups.group(of: place)
      return inverse[group] * (g[place] - meanG[group] - unit[place] * meanProduct[group])
    }
    write(dx, instruction)
    storeGradient(sums(zip(dy, unit).map { $0 * $1 }, perRow: groups.channels), instruction, 0)
    storeGradient(sums(dy, perRow: groups.channels), instruction, 1)
  }
}

extension NormalizationGroups {
  /// The group, counted over the whole micro-batch, of the number at `place`.
  fileprivate func group(of place: Int) -> Int {
    let (block, channel) = (place / (positions * channels), place % channels)
    return block * groups + channel / (channels / groups)
  }

  /// The mean of each group.
  fileprivate func means(_ x: [Double]) -> [Double] {
    var means = [Double](repeating: 0, count: x.count / groupCount)
    for place in x.indices { means[group(of: place)] += x[place] / Double(groupCount) }
    return means
  }
}

/// x².
func square(_ x: Double) -> Double { x * x }
