import Foundation
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
    for index in x.indices {
      y[index / (positions * channels) * channels + index % channels] += x[index] / Double(positions)
    }
    write(y, instruction)
  }

  mutating func globalAveragePoolingBackward(_ positions: Int, _ channels: Int, _ instruction: Instruction) {
    let dy = read(instruction)
    let dx = (0..<program.batch * positions * channels).map { index in
      dy[index / (positions * channels) * channels + index % channels] / Double(positions)
    }
    write(dx, instruction)
  }
}

extension Window {
  /// The index in x of the largest value of each window.
  fileprivate func winners(_ x: [Double], samples: Int, channels: Int) -> [Int] {
    var winners = [Int](repeating: -1, count: samples * output.count * channels)
    forEachTap(samples: samples, channels: channels) { from, to in
      if winners[to] < 0 || x[from] > x[winners[to]] { winners[to] = from }
    }
    return winners
  }

  /// Calls `body` for each sample, channel and tap that falls on the input, with the indices in x and y.
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

extension Execution {
  /// y = (Σ |x|^p)^(1/p), with |x|^p as sign(x)·x·|x|^(p − 1): the sign is the kinked part, which stays as it was when
  /// the instruction is run again.
  mutating func powerPooling(_ window: Window, _ channels: Int, _ exponent: Double, _ instruction: Instruction) {
    let x = read(instruction)
    let signs = pieces(of: instruction) { x.map { $0.signum } }
    var sums = [Double](repeating: 0, count: program.batch * window.output.count * channels)
    window.forEachTap(samples: program.batch, channels: channels) { from, to in
      sums[to] += Double(signs[from]) * x[from] * pow(abs(x[from]), exponent - 1)
    }
    write(sums.map { pow($0, 1 / exponent) }, instruction)
  }

  /// dx = dy · sign(x) · (|x|/y)^(p − 1), and 0 where y is 0.
  mutating func powerPoolingBackward(_ window: Window, _ channels: Int, _ exponent: Double, _ instruction: Instruction)
  {
    let (x, y, dy) = (read(instruction, 0), read(instruction, 1), read(instruction, 2))
    var dx = [Double](repeating: 0, count: x.count)
    window.forEachTap(samples: program.batch, channels: channels) { from, to in
      guard y[to] != 0 else { return }
      dx[from] += dy[to] * Double(x[from].signum) * pow(abs(x[from]) / y[to], exponent - 1)
    }
    write(dx, instruction)
  }
}

extension Double {
  /// −1, 0 or 1.
  fileprivate var signum: Int { self > 0 ? 1 : self < 0 ? -1 : 0 }
}

extension Execution {
  /// y[i, j] = Σ rows[i, u] · columns[j, v] · x[u, v].
  mutating func resample(_ map: Resampling, _ instruction: Instruction) {
    let x = read(instruction)
    var y = [Double](repeating: 0, count: program.batch * map.output.count)
    for sample in 0..<program.batch {
      for (row, source, weight) in map.rows.terms {
        for (column, sourceColumn, columnWeight) in map.columns.terms {
          for channel in 0..<map.channels {
            let from = sample * map.input.count + (source * map.input.width + sourceColumn) * map.channels + channel
            let to = sample * map.output.count + (row * map.output.width + column) * map.channels + channel
            y[to] += weight * columnWeight * x[from]
          }
        }
      }
    }
    write(y, instruction)
  }
}

extension AxisMap {
  /// All weights with the positions that they join.
  fileprivate var terms: [(output: Int, input: Int, weight: Double)] {
    (0..<output).flatMap { position in sources(of: position).map { (position, $0, weight(of: $0, in: position)) } }
  }
}

/// One kernel position at one output position: which input position it falls on. All three are row · width + column.
struct Tap {
  let kernel: Int
  let output: Int
  let input: Int
}

extension Window {
  /// All taps that fall on the input rather than on the padding, by kernel position, then by output position.
  var taps: [Tap] {
    let rows = Self.pairs(
      input: input.height, output: output.height, kernel: kernel.height, stride.height, padding.top, dilation.height)
    let columns = Self.pairs(
      input: input.width, output: output.width, kernel: kernel.width, stride.width, padding.left, dilation.width)
    return rows.flatMap { rowPairs in
      columns.flatMap { columnPairs in
        rowPairs.flatMap { row in
          columnPairs.map { column in
            Tap(
              kernel: row.kernel * kernel.width + column.kernel, output: row.output * output.width + column.output,
              input: row.input * input.width + column.input)
          }
        }
      }
    }
  }

  /// The taps along one axis, in one list per kernel position.
  private static func pairs(
    input: Int, output: Int, kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int
  ) -> [[Tap]] {
    (0..<kernel).map { tap in
      (0..<output).compactMap { index in
        let source = index * stride + tap * dilation - padding
        return (0..<input).contains(source) ? Tap(kernel: tap, output: index, input: source) : nil
      }
    }
  }
}
