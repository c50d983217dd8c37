import Foundation
import Operators
import Planner

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
