import Operators
import Planner

extension Execution {
  /// The first of equal values in row-major order wins. When the instruction is run again, the winners stay.
  mutating func maxPooling(_ window: Window, _ channels: Int, _ instruction: Instruction) {
    let (x, samples) = (read(instruction), program.batch)
    let winners = pieces(of: instruction) { window.winners(x, samples: samples, channels: channels) }
    let inputCount = window.input.count * channels
    write(winners.map { x[$0] }, instruction, 0)
    write(winners.map { Double($0 % inputCount) }, instruction, 1)
  }

  mutating func maxPoolingBackward(_ window: Window, _ channels: Int, _ instruction: Instruction) {
    let (dy, indices) = (read(instruction, 0), read(instruction, 1))
    let (inputCount, outputCount) = (window.input.count * channels, window.output.count * channels)
    var dx = [Double](repeating: 0, count: program.batch * inputCount)
    for output in dy.indices { dx[output / outputCount * inputCount + Int(indices[output])] += dy[output] }
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
  /// The place in x of the largest number of each window.
  fileprivate func winners(_ x: [Double], samples: Int, channels: Int) -> [Int] {
    var winners = [Int](repeating: -1, count: samples * output.count * channels)
    forEachTap(samples: samples, channels: channels) { from, to in
      if winners[to] < 0 || x[from] > x[winners[to]] { winners[to] = from }
    }
    return winners
  }

  /// Calls `body` for each sample, channel and tap that falls on the input, with the places in x and y.
  func forEachTap(samples: Int, channels: Int, _ body: (_ x: Int, _ y: Int) -> Void) {
    for tap in taps {
      for sample in 0..<samples {
        for channel in 0..<channels {
          body(
            (sample * input.count + tap.input) * channels + channel,
            (sample * output.count + tap.output) * channels + channel)
        }
      }
    }
  }
}
