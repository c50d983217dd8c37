import Foundation
import Operators
import Planner

extension Execution {
  /// y[c] = x[c] / s[c]^β with s[c] = k + α/size · Σ x[j]².
  mutating func localResponse(_ response: LocalResponse, _ instruction: Instruction) {
    let x = read(instruction)
    let s = x.indices.map { place -> Double in
      let channel = place % response.channels
      let squares = response.neighbours(of: channel).map { square(x[place - channel + $0]) }
      return Double(response.k) + response.share * squares.reduce(0, +)
    }
    write(zip(x, s).map { $0 / pow($1, Double(response.beta)) }, instruction, 0)
    write(s, instruction, 1)
  }

  /// dx[j] = dy[j] / s[j]^β − 2αβ/size · x[j] · Σ dy[c]·y[c]/s[c] over the channels c to whose sums j belongs.
  mutating func localResponseBackward(_ response: LocalResponse, _ instruction: Instruction) {
    let (x, y, s, dy) = (read(instruction, 0), read(instruction, 1), read(instruction, 2), read(instruction, 3))
    let beta = Double(response.beta)
    let dx = x.indices.map { place -> Double in
      let channel = place % response.channels
      let inverse = (0..<response.channels).filter { response.neighbours(of: $0).contains(channel) }
      let through = inverse.map { place - channel + $0 }.reduce(0) { $0 + dy[$1] * y[$1] / s[$1] }
      return dy[place] / pow(s[place], beta) - 2 * response.share * beta * x[place] * through
    }
    write(dx, instruction)
  }
}

extension LocalResponse {
  /// What one square counts in a sum.
  fileprivate var share: Double { Double(alpha) / Double(size) }
}
