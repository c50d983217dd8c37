import Operators
import Planner

extension Execution {
  mutating func filter(_ geometry: FilterGeometry, _ instruction: Instruction) {
    let x = read(instruction)
    var y = [Double](repeating: 0, count: program.batch * geometry.output.count)
    geometry.forEachProduct(samples: program.batch) { y[$2] += $1 * x[$0] }
    write(y, instruction)
  }

  mutating func filterBackward(_ geometry: FilterGeometry, _ instruction: Instruction) {
    let dy = read(instruction)
    var dx = [Double](repeating: 0, count: program.batch * geometry.window.input.count * geometry.channels)
    geometry.forEachProduct(samples: program.batch) { dx[$0] += $1 * dy[$2] }
    write(dx, instruction)
  }
}

extension FilterGeometry {
  /// Calls `body` for each product of a filter's number with a number of the image: with the place in x, the filter's
  /// number, and the place in y to which the product adds.
  fileprivate func forEachProduct(samples: Int, _ body: (_ x: Int, _ weight: Double, _ y: Int) -> Void) {
    for tap in window.taps {
      for sample in 0..<samples {
        for channel in 0..<channels {
          for filter in 0..<count {
            body(
              (sample * window.input.count + tap.input) * channels + channel,
              Double(filters[filter * window.kernel.count + tap.kernel]),
              sample * output.count + tap.output * output.channels + channel * count + filter)
          }
        }
      }
    }
  }
}
