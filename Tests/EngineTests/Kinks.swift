import Operators
import Planner
import Reference

/// How close a run comes to a kink: an input of a ReLU to zero, an element of a max-pool window to its largest, or the
/// hinge of a loss that compares samples.
///
/// Within a rounding error of a kink two correct programs may take different sides, and a single unit on the other side
/// changes a gradient by a hundredth. Tests that compare gradients keep away from there. Exact zeros and exact ties do
/// not count: both programs see them.
struct Kinks {
  private let program: Program
  private let slots: [[Double]]

  init(_ result: ReferenceResult, _ program: Program) {
    self.program = program
    slots = result.slots
  }

  /// The smallest distance, relative to the root mean square of the tensor.
  var distance: Double {
    program.instructions.reduce(.infinity) { closest, instruction in
      let x = instruction.reads.first.map { slots[$0.index] } ?? []
      switch instruction.operation {
      case .activation(let function, _):
        return function.kinks.reduce(closest) { closest, kink in
          min(closest, relative(x.lazy.map { abs($0 - kink) }, to: x))
        }
      case .prelu: return min(closest, relative(x.lazy.map(abs), to: x))
      case .powerPooling(_, _, let exponent) where exponent < 2:
        return min(closest, relative(x.lazy.map(abs), to: x))
      case .loss(let term):
        return min(closest, relative(hinges(of: term, x), to: x))
      case .maxPooling(let window, let channels):
        return min(closest, relative(gaps(x, slots[instruction.writes[0].index], window, channels), to: x))
      default: return closest
      }
    }
  }

  private func relative(_ distances: some Sequence<Double>, to x: [Double]) -> Double {
    let scale = (x.reduce(0) { $0 + $1 * $1 } / Double(max(1, x.count))).squareRoot()
    return distances.reduce(.infinity) { $1 > 0 ? min($0, $1) : $0 } / max(scale, 1e-30)
  }

  /// By how much each element of each window falls short of the largest.
  private func gaps(_ x: [Double], _ largest: [Double], _ window: Window, _ channels: Int) -> [Double] {
    var gaps: [Double] = []
    for place in largest.indices {
      let (position, channel) = (place / channels % window.output.count, place % channels)
      let sample = place / (window.output.count * channels)
      for row in taps(position / window.output.width, window, \.height) {
        for column in taps(position % window.output.width, window, \.width) {
          let input = (sample * window.input.count + row * window.input.width + column) * channels + channel
          gaps.append(largest[place] - x[input])
        }
      }
    }
    return gaps
  }

  /// The input positions along one axis that the window at output position `place` covers.
  private func taps(_ place: Int, _ window: Window, _ axis: KeyPath<Extent, Int>) -> [Int] {
    let padding = axis == \Extent.height ? window.padding.top : window.padding.left
    return (0..<window.kernel[keyPath: axis])
      .map { place * window.stride[keyPath: axis] + $0 * window.dilation[keyPath: axis] - padding }
      .filter { (0..<window.input[keyPath: axis]).contains($0) }
  }

  /// How far each hinge of a loss that compares samples is from zero.
  private func hinges(of term: LossTerm, _ x: [Double]) -> [Double] {
    let width = term.output.count
    let rows = stride(from: 0, to: x.count, by: width).map { Array(x[$0..<$0 + width]) }
    let pairs = rows.map { a in rows.map { b in (squaredDistance(a, b), cosine(a, b)) } }
    switch term.loss {
    case .triplet(let loss):
      return pairs.flatMap { row in row.flatMap { p in row.map { n in abs(p.0 - n.0 + loss.margin) } } }
    case .cosine(let loss):
      return pairs.flatMap { row in row.map { abs($0.1 - loss.margin) } }
    default: return []
    }
  }

  private func squaredDistance(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
  }

  private func cosine(_ a: [Double], _ b: [Double]) -> Double {
    func product(_ a: [Double], _ b: [Double]) -> Double { zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
    return product(a, b) / max((product(a, a) * product(b, b)).squareRoot(), 1e-8)
  }
}

extension ActivationFunction {
  /// Where the derivative jumps.
  fileprivate var kinks: [Double] {
    switch self {
    case .relu, .leakyReLU: [0]
    case .relu6: [0, 6]
    case .hardSigmoid, .hardSwish: [-3, 3]
    case .elu(let alpha): alpha == 1 ? [] : [0]
    case .sigmoid, .tanh, .gelu, .silu, .softplus: []
    }
  }
}
