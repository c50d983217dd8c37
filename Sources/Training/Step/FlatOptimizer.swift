import Collectives
import Kernels
import Network
package import Optimizers
package import Planner

/// Updates the segments of the flat buffer that this rank owns: weights by SGD, running statistics by their moving
/// average; metrics and digests are passed on as they are. Only the owner of a segment holds its momentum.
@safe
package final class FlatOptimizer: SegmentUpdate {
  /// What is done to a stretch of the flat buffer.
  private enum Rule {
    case descend(weightDecay: Float)
    case average(momentum: Float)
    case copy
  }

  private let settings: SGDConfiguration
  private let rules: [(range: Range<Int>, rule: Rule)]
  private let parameters: UnsafeMutablePointer<Float>
  private let microBatches: Int
  /// The momentum of the owned segments, one behind the other.
  private var momenta: [Float]
  private let owned: OwnedSegments
  /// The learning rate of the step.
  package var rate: Float = 0

  /// The optimizer of one rank, with momenta of zero.
  ///
  /// - Parameters:
  ///   - layout: what lies where in the flat buffer.
  ///   - owned: the segments that the rank updates.
  ///   - settings: momentum and weight decay.
  ///   - microBatches: the micro-batches of a step, whose statistics are averaged.
  ///   - parameters: the flat parameter buffer; it outlives the optimizer.
  package init(
    layout: FlatLayout, owned: OwnedSegments, settings: SGDConfiguration, microBatches: Int,
    parameters: UnsafeMutablePointer<Float>
  ) {
    self.settings = settings
    self.microBatches = microBatches
    self.owned = owned
    unsafe self.parameters = parameters
    self.rules = Self.rules(layout, settings)
    self.momenta = Array(repeating: 0, count: settings.momentum > 0 ? owned.count : 0)
  }

  private static func rules(_ layout: FlatLayout, _ settings: SGDConfiguration) -> [(Range<Int>, Rule)] {
    let decay = Float(settings.weightDecay)
    let weights = layout.trainedParameters.map { parameter -> (Range<Int>, Rule) in
      let decays = settings.decayAll || parameter.description.decays
      return (parameter.range, .descend(weightDecay: decays ? decay : 0))
    }
    let statistics = layout.updatedStatistics.flatMap { statistics -> [(Range<Int>, Rule)] in
      [
        (statistics.mean, .average(momentum: statistics.momentum)),
        (statistics.variance, .average(momentum: statistics.momentum)),
      ]
    }
    return weights + statistics + [(layout.metrics, .copy), (layout.digests, .copy)]
  }

  package func update(range: Range<Int>, gradient: UnsafePointer<Float>) {
    // The rules are in the order of the layout: start at the first that reaches into the range.
    var place = firstRule(reaching: range.lowerBound)
    while place < rules.count, rules[place].range.lowerBound < range.upperBound {
      let part = rules[place].range.clamped(to: range)
      unsafe apply(rules[place].rule, to: part, gradient: gradient + (part.lowerBound - range.lowerBound))
      place += 1
    }
  }

  private func firstRule(reaching position: Int) -> Int {
    var low = 0
    var high = rules.count
    while low < high {
      let middle = (low + high) / 2
      if rules[middle].range.upperBound <= position { low = middle + 1 } else { high = middle }
    }
    return low
  }

  private func apply(_ rule: Rule, to range: Range<Int>, gradient: UnsafePointer<Float>) {
    let sum = unsafe UnsafeBufferPointer(start: gradient, count: range.count).span
    let target = unsafe UnsafeMutableBufferPointer(start: parameters + range.lowerBound, count: range.count)
    var values = unsafe target.mutableSpan
    switch rule {
    case .descend(let weightDecay): descend(range, sum, weightDecay: weightDecay, values: &values)
    case .average(let momentum):
      Optimizer.exponentialAverage(rate: momentum, observation: sum, scale: 1 / Float(microBatches), average: &values)
    case .copy: _ = unsafe target.update(fromContentsOf: UnsafeBufferPointer(start: gradient, count: range.count))
    }
  }

  private func descend(
    _ range: Range<Int>, _ gradient: Span<Float>, weightDecay: Float, values: inout MutableSpan<Float>
  ) {
    let start = momenta.isEmpty ? 0 : owned.place(of: range.lowerBound)
    unsafe momenta.withUnsafeMutableBufferPointer { all in
      let count = all.isEmpty ? 0 : range.count
      var velocity = unsafe UnsafeMutableBufferPointer(rebasing: all[start..<start + count]).mutableSpan
      Optimizer.sgd(
        learningRate: rate, momentum: Float(settings.momentum), nesterov: settings.nesterov,
        weightDecay: weightDecay, gradient: gradient, momentumBuffer: &velocity, parameters: &values)
    }
  }

  /// Whether there is momentum at all; a rank that owns no segment has none of it.
  var keepsMomentum: Bool { settings.momentum > 0 }

  /// The momentum of the owned segments, one behind the other; empty without momentum.
  package var ownedMomenta: [Float] { momenta }

  /// Takes over the momentum of the owned segments from a whole flat buffer.
  package func restore(from flat: [Float]) {
    guard !momenta.isEmpty else { return }
    for (range, place) in owned.pieces { momenta.replaceSubrange(place..<place + range.count, with: flat[range]) }
  }
}
