import Planner

/// Central difference quotients of the loss with respect to one tensor.
///
/// Only the forward instructions from the tensor's first use on are run again: each slot is written once, so everything
/// before still holds. Instructions that are run again stay on the smooth pieces of the origin; see
/// `Execution.pieces(of:)`.
struct DifferenceQuotient {
  /// What is perturbed.
  enum Tensor: Hashable, Sendable {
    case images
    /// The elements of the flat buffer in this range.
    case parameter(Range<Int>)
  }

  /// One derivative by both ways.
  struct Comparison {
    let analytic: Double
    let numeric: Double
    /// Relative; never NaN: what cannot be compared counts as infinite.
    let error: Double
  }

  /// The derivative by the backward pass.
  let gradient: [Double]
  private let tensor: Tensor
  private let values: [Double]
  private let instructions: ArraySlice<Instruction>
  private let meanLoss: Double
  private var execution: Execution

  /// Quotients at the point of `origin`, which is a whole run of a training program.
  ///
  /// - Parameter firstUse: the first instruction that reads the tensor.
  init(of tensor: Tensor, origin: Execution, firstUse: Int) {
    let program = origin.program
    switch tensor {
    case .images:
      values = origin.slots[program.images.index]
      gradient = program.imageGradient.map { origin.slots[$0.index] } ?? []
    case .parameter(let range):
      values = Array(origin.parameters[range])
      gradient = Array(origin.gradients[range])
    }
    self.tensor = tensor
    // The losses stand between the forward and the backward pass.
    self.instructions = program.instructions[firstUse...].prefix { $0.pass != .backward }
    self.meanLoss = origin.loss / Double(origin.batch.valid)
    self.execution = origin
  }

  /// The steps that are tried, relative to the size of the tensor's entries. The error of a central difference is that
  /// of curvature, which takes the square of the step, and that of rounding, which grows as the step shrinks.
  private static let steps = [1e-4, 1e-5, 1e-6]

  /// Compares the derivative along `direction`, with smaller and smaller steps until the error is clearly below the
  /// tolerance; else the best of them counts.
  ///
  /// Two quotients together give a better one: the error of curvature falls with the square of the step, so a
  /// combination of both is free of it. Source: Richardson, "The approximate arithmetical solution by finite
  /// differences of physical problems", 1911, section 1.2.
  mutating func comparison(along direction: [Double]) -> Comparison {
    let size = max(0.01, (values.reduce(0) { $0 + $1 * $1 } / Double(values.count)).squareRoot())
    let analytic = zip(gradient, direction).reduce(0) { $0 + $1.0 * $1.1 }
    let floor = floor(longestStep: Self.steps[0] * size)
    var best = Comparison(analytic: analytic, numeric: .nan, error: .infinity)
    var last: (step: Double, numeric: Double)?
    for step in Self.steps {
      let numeric = quotient(along: direction, step: step * size)
      var candidates = [numeric]
      if let last {
        let ratio = (last.step / step) * (last.step / step)
        candidates.append((ratio * numeric - last.numeric) / (ratio - 1))
      }
      for candidate in candidates {
        let error = abs(analytic - candidate) / max(abs(analytic) + abs(candidate), floor)
        if error < best.error { best = Comparison(analytic: analytic, numeric: candidate, error: error) }
      }
      if best.error < GradientCheck.tolerance / 10 { break }
      last = (step, numeric)
    }
    return best
  }

  private mutating func quotient(along direction: [Double], step: Double) -> Double {
    (loss(at: step, along: direction) - loss(at: -step, along: direction)) / (2 * step)
  }

  /// What a derivative counts at least in the relative error.
  ///
  /// A loss carries some eight roundings' worth of noise, so the quotient carries 8ε · loss/step, whatever the
  /// derivative is. The floor is 10⁷ times that noise for the longest step: noise alone then gives an error of 1e-7,
  /// while a derivative below the floor is still compared to the tolerance times the floor, which is about 1e-8 and far
  /// below any gradient that matters.
  private func floor(longestStep: Double) -> Double { 8 * Double.ulpOfOne * max(meanLoss, 1) / longestStep * 1e7 }

  /// The mean loss at the point `step · direction` away from the origin.
  private mutating func loss(at step: Double, along direction: [Double]) -> Double {
    let moved = zip(values, direction).map { $0 + step * $1 }
    switch tensor {
    case .images: execution.slots[execution.program.images.index] = moved
    case .parameter(let range): execution.parameters.replaceSubrange(range, with: moved)
    }
    execution.loss = 0
    for instruction in instructions { execution.run(instruction) }
    return execution.loss / Double(execution.batch.valid)
  }
}
