import Planner

extension Execution {
  mutating func add(_ instruction: Instruction) {
    write(zip(read(instruction, 0), read(instruction, 1)).map { $0 + $1 }, instruction)
  }

  mutating func multiply(_ instruction: Instruction) {
    write(zip(read(instruction, 0), read(instruction, 1)).map { $0 * $1 }, instruction)
  }

  /// Each sample has its own factor for each channel.
  mutating func gate(_ positions: Int, _ channels: Int, _ instruction: Instruction) {
    let (x, factors) = (read(instruction, 0), read(instruction, 1))
    let y = x.indices.map { x[$0] * factors[$0 / (positions * channels) * channels + $0 % channels] }
    write(y, instruction)
  }

  mutating func gateBackward(_ positions: Int, _ channels: Int, _ instruction: Instruction) {
    let (x, dy) = (read(instruction, 0), read(instruction, 1))
    var gradient = [Double](repeating: 0, count: program.batch * channels)
    for place in x.indices {
      gradient[place / (positions * channels) * channels + place % channels] += x[place] * dy[place]
    }
    write(gradient, instruction)
  }

  /// All samples share the factor of a channel.
  mutating func channelScale(_ channels: Int, _ instruction: Instruction) {
    let (x, factors) = (read(instruction), weights(instruction))
    write(x.indices.map { x[$0] * factors[$0 % channels] }, instruction)
  }

  mutating func channelScaleBackwardWeights(_ channels: Int, _ instruction: Instruction) {
    let products = zip(read(instruction, 0), read(instruction, 1)).map { $0 * $1 }
    storeGradient(sums(products, perRow: channels), instruction, 0)
  }

  /// At each position the channels of all branches, one behind the other.
  mutating func concatenate(_ widths: [Int], _ instruction: Instruction) {
    let branches = widths.indices.map { read(instruction, $0) }
    var y: [Double] = []
    for position in 0..<branches[0].count / widths[0] {
      for (branch, width) in zip(branches, widths) { y += branch[position * width..<(position + 1) * width] }
    }
    write(y, instruction)
  }

  mutating func extract(_ total: Int, _ offset: Int, _ width: Int, _ instruction: Instruction) {
    let dy = read(instruction)
    let rows = stride(from: offset, to: dy.count, by: total).map { dy[$0..<$0 + width] }
    write(Array(rows.joined()), instruction)
  }
}
