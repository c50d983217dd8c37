import Foundation
import Operators

/// Losses that are sums over the elements, in double precision. An element's part is a function of x and of its target
/// t; with labels t is 1 for the label's channel and 0 for all others.
extension LossFunction {
  /// What an element adds to the loss, and the derivative of that with respect to x.
  typealias Part = (loss: Double, slope: Double)

  /// (x - t)².
  static func squaredError(_ x: Double, _ t: Double) -> Part { ((x - t) * (x - t), 2 * (x - t)) }

  /// ½ · d²/beta where |d| < beta, else |d| - beta/2, with d = x - t.
  static func smoothL1(_ x: Double, _ t: Double, beta: Double) -> Part {
    let d = x - t
    if abs(d) < beta { return (0.5 * d * d / beta, d / beta) }
    return (abs(d) - 0.5 * beta, d.isNaN ? d : d < 0 ? -1 : 1)
  }

  /// -(t · log σ(x) + (1 - t) · log(1 - σ(x))), in a form that does not overflow.
  static func binaryCrossEntropy(_ x: Double, _ t: Double) -> Part {
    ((x > 0 ? x : 0) - x * t + log1p(exp(-abs(x))), 1 / (1 + exp(-x)) - t)
  }

  /// The sum over the valid samples of the mean of a part over the sample's elements.
  static func elementMean(
    _ rows: LossRows, _ x: Span<Float>, _ labels: Span<Int32>, _ targets: Span<Float>,
    _ gradient: inout MutableSpan<Float>, _ part: (Double, Double) -> Part
  ) -> Double {
    let scale = Double(rows.scale) / Double(rows.count)
    var sum = 0.0
    for row in 0..<rows.valid * rows.positions {
      let range = rows.elements(row)
      let answer = rows.answer(labels, targets, row)
      for i in range {
        let element = part(Double(x[i]), target(targets, i, answer: answer))
        sum += element.loss
        gradient[i] = Float(scale * element.slope)
      }
    }
    return sum / Double(rows.count)
  }

  /// Σ (x - t)² over the samples whose label is not the background's.
  static func localization(
    _ loss: LocalizationLoss, _ rows: LossRows, _ x: Span<Float>, _ labels: Span<Int32>, _ targets: Span<Float>,
    _ gradient: inout MutableSpan<Float>
  ) -> Double {
    var sum = 0.0
    for sample in 0..<rows.valid {
      let showsObject = Int(labels[sample]) != loss.background
      for i in sample * rows.count..<(sample + 1) * rows.count {
        let part: Part = showsObject ? squaredError(Double(x[i]), Double(targets[i])) : (0, 0)
        sum += part.loss
        gradient[i] = Float(Double(rows.scale) * part.slope)
      }
    }
    return sum
  }
}
