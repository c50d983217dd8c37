import Network
import Planner

extension Execution {
  /// The first of equal values in row-major order wins. A frozen run takes the winners of the earlier one.
  mutating func maxPooling(_ window: Window, _ channels: Int, _ instruction: Instruction) {
    let x = read(instruction)
    let indices = frozen?[instruction.writes[1].index] ?? winners(x, window, channels)
    let (inputCount, outputCount) = (window.input.count * channels, window.output.count * channels)
    let y = indices.indices.map { x[$0 / outputCount * inputCount + Int(indices[$0])] }
    write(y, instruction, 0)
    write(indices, instruction, 1)
  }

  private func winners(_ x: [Double], _ window: Window, _ channels: Int) -> [Double] {
    let (inputCount, outputCount) = (window.input.count * channels, window.output.count * channels)
    var winners = [Double](repeating: -1, count: program.batch * outputCount)
    for tap in window.taps {
      for sample in 0..<program.batch {
        for channel in 0..<channels {
          let output = sample * outputCount + tap.output * channels + channel
          let place = tap.input * channels + channel
          let isFirst = winners[output] < 0
          if isFirst || x[sample * inputCount + place] > x[sample * inputCount + Int(winners[output])] {
            winners[output] = Double(place)
          }
        }
      }
    }
    return winners
  }

  mutating func maxPoolingBackward(_ window: Window, _ channels: Int, _ instruction: Instruction) {
    let (dy, indices) = (read(instruction, 0), read(instruction, 1))
    let (inputCount, outputCount) = (window.input.count * channels, window.output.count * channels)
    var dx = [Double](repeating: 0, count: program.batch * inputCount)
    for output in dy.indices { dx[output / outputCount * inputCount + Int(indices[output])] += dy[output] }
    write(dx, instruction)
  }

  mutating func averagePooling(
    _ window: Window, _ channels: Int, _ includePadding: Bool, _ instruction: Instruction
  ) {
    let x = read(instruction)
    let (inputCount, outputCount) = (window.input.count * channels, window.output.count * channels)
    let shares = window.shares(includePadding: includePadding)
    var y = [Double](repeating: 0, count: program.batch * outputCount)
    for tap in window.taps {
      for sample in 0..<program.batch {
        for channel in 0..<channels {
          y[sample * outputCount + tap.output * channels + channel] +=
            x[sample * inputCount + tap.input * channels + channel] * shares[tap.output]
        }
      }
    }
    write(y, instruction)
  }

  mutating func averagePoolingBackward(
    _ window: Window, _ channels: Int, _ includePadding: Bool, _ instruction: Instruction
  ) {
    let dy = read(instruction)
    let (inputCount, outputCount) = (window.input.count * channels, window.output.count * channels)
    let shares = window.shares(includePadding: includePadding)
    var dx = [Double](repeating: 0, count: program.batch * inputCount)
    for tap in window.taps {
      for sample in 0..<program.batch {
        for channel in 0..<channels {
          dx[sample * inputCount + tap.input * channels + channel] +=
            dy[sample * outputCount + tap.output * channels + channel] * shares[tap.output]
        }
      }
    }
    write(dx, instruction)
  }

  mutating func globalAveragePooling(_ positions: Int, _ channels: Int, _ instruction: Instruction) {
    let x = read(instruction)
    var y = [Double](repeating: 0, count: program.batch * channels)
    for place in x.indices {
      y[place / (positions * channels) * channels + place % channels] += x[place] / Double(positions)
    }
    write(y, instruction)
  }

  mutating func globalAveragePoolingBackward(_ positions: Int, _ channels: Int, _ instruction: Instruction) {
    let dy = read(instruction)
    let dx = (0..<program.batch * positions * channels).map { place in
      dy[place / (positions * channels) * channels + place % channels] / Double(positions)
    }
    write(dx, instruction)
  }
}

extension Window {
  /// What one element of each output position's window counts in the mean.
  fileprivate func shares(includePadding: Bool) -> [Double] {
    if includePadding { return [Double](repeating: 1 / Double(kernel.count), count: output.count) }
    var counts = [Int](repeating: 0, count: output.count)
    for tap in taps { counts[tap.output] += 1 }
    return counts.map { 1 / Double($0) }
  }
}
