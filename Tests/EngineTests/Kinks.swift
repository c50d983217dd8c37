import Network
import Planner
import Reference

/// How close a run comes to a kink: an input of a ReLU to zero, or an element of a max-pool window to its largest.
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
      case .activation(.relu, _): return min(closest, relative(x.lazy.map(abs), to: x))
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
}
