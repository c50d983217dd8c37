import Collectives
import Optimizers
import Planner
import TestSupport
import Testing

/// Segments of the flat buffer and their updates.
@Suite struct FlatOptimizerTests {
  @Test func `segments partition the buffer`() {
    for (count, bucket, ranks) in [(1, 256, 1), (1000, 256, 3), (5000, 1024, 4), (5000, 1 << 18, 7), (256, 256, 9)] {
      let layout = BucketLayout(buckets: .cut(count, into: [bucket]), block: 256, owners: ranks)
      let owned = (0..<ranks).map { OwnedSegments(layout: layout, rank: $0) }
      #expect(owned.flatMap { $0.pieces.flatMap { Array($0.range) } }.sorted() == Array(0..<count))
      for segments in owned {
        let places = segments.pieces.flatMap { $0.range.map(segments.place) }
        #expect(places == Array(0..<segments.count), "the rank's own storage has no gap")
        #expect((0..<count).filter(segments.contains) == segments.pieces.flatMap { Array($0.range) }.sorted())
        #expect(segments.pieces.map(\.place) == segments.pieces.map { segments.place(of: $0.range.lowerBound) })
      }
      let undivided = BucketLayout(buckets: layout.buckets, block: 256, owners: 1)
      let whole = (0..<ranks).map { OwnedSegments(layout: undivided, rank: $0) }
      #expect(whole.allSatisfy { $0.count == count }, "where one owns everything, each rank does so for itself")
    }
  }

  /// Single precision rounds a few times per step.
  @Test(arguments: PlanCase.sgd)
  func `updates follow the formula`(test: PlanCase) throws {
    let flat = try FlatCase(seed: 1)
    let got = try flat.updated(by: test.plan(flat.layout), ranks: 1, bucket: 1 << 18)
    let want = try flat.expected(#require(test.rule as? SGD))
    for parameter in flat.layout.parameters {
      let worst = parameter.range.map { abs(Double(got.parameters[$0]) - want[$0]) / max(1, abs(want[$0])) }.max()
      #expect((worst ?? 1) <= 2e-6, "\(parameter.name)")
    }
  }

  /// Segments cut tensors anywhere; the bits must not show it.
  @Test(arguments: PlanCase.all, [(1, 256), (2, 512), (3, 256), (5, 1024), (4, 1 << 18)])
  func `cuts change no bit`(test: PlanCase, cut: (ranks: Int, bucket: Int)) throws {
    let flat = try FlatCase(seed: 2)
    let plan = test.plan(flat.layout)
    let ranks = plan.waitsForWholeGradient ? 1 : cut.ranks
    let whole = try flat.updated(by: plan, ranks: 1, bucket: 1 << 18)
    let parts = try flat.updated(by: plan, ranks: ranks, bucket: cut.bucket)
    #expect(parts.parameters.map(\.bitPattern) == whole.parameters.map(\.bitPattern))
    #expect(parts.states.map { $0.map(\.bitPattern) } == whole.states.map { $0.map(\.bitPattern) })
  }

  /// With no gradient, only what decays moves.
  @Test(arguments: [false, true])
  func `decay belongs to weights`(decayAll: Bool) throws {
    var flat = try FlatCase(seed: 3)
    flat.gradients = flat.gradients.map { $0.map { _ in 0 } }
    var rule = SGD()
    (rule.momentum, rule.weightDecay, rule.decayAll) = (0, 0.1, decayAll)
    let got = try flat.updated(by: UpdatePlan(rule, layout: flat.layout), ranks: 3, bucket: 256)
    for parameter in flat.layout.parameters {
      let isMoved = zip(got.parameters[parameter.range], flat.start[parameter.range]).contains { $0 != $1 }
      #expect(isMoved == (decayAll || ["conv.weight", "fc.weight"].contains(parameter.name)), "\(parameter.name)")
    }
  }

  @Test func `the trailer is averaged or copied`() throws {
    let flat = try FlatCase(seed: 4)
    let got = try flat.updated(by: UpdatePlan(SGD(), layout: flat.layout), ranks: 3, bucket: 256)
    let last = try #require(flat.gradients.last)
    for place in [flat.layout.metrics, flat.layout.digests].joined() { #expect(got.parameters[place] == last[place]) }
    for statistics in flat.layout.statistics {
      for place in [statistics.mean, statistics.variance].joined() {
        let momentum = Double(statistics.momentum)
        let want = flat.gradients.reduce(Double(flat.start[place])) {
          (1 - momentum) * $0 + momentum * Double($1[place]) / Double(FlatCase.microBatches)
        }
        #expect(abs(Double(got.parameters[place]) - want) < 1e-6)
      }
    }
  }

  @Test func `states are restored by segments`() throws {
    var flat = try FlatCase(seed: 5)
    flat.gradients = []
    let got = try flat.updated(
      by: UpdatePlan(AdamW(), averaging: WeightAveraging(), layout: flat.layout), ranks: 3, bucket: 256)
    #expect(got.states.count == 3)
    #expect(got.states[2] == flat.start, "the average starts as the weights")
    #expect(got.states[0].allSatisfy { $0 == 0 } && got.states[1].allSatisfy { $0 == 0 })
  }

  /// A gradient of norm 10 limited to 2 is a gradient of a fifth.
  @Test func `clipping by norm scales the whole gradient`() throws {
    var limit = GradientClipping.Limit()
    limit.maximum = 2
    var flat = try FlatCase(seed: 6)
    let squares = flat.gradients.map { $0[..<flat.layout.parameterEnd].reduce(0) { $0 + Double($1) * Double($1) } }
    let clipped = try flat.updated(
      by: UpdatePlan(SGD(), clipping: .norm(limit), layout: flat.layout), ranks: 1, bucket: 256)
    for (step, squares) in zip(flat.gradients.indices, squares) {
      let factor = 2 / (squares.squareRoot() + 1e-6)
      flat.gradients[step] = flat.gradients[step].map { Float(Double($0) * factor) }
    }
    let scaled = try flat.updated(by: UpdatePlan(SGD(), layout: flat.layout), ranks: 1, bucket: 256)
    for place in 0..<flat.layout.parameterEnd {
      #expect(abs(clipped.parameters[place] - scaled.parameters[place]) < 1e-5)
    }
  }

  /// By hand, for one tensor and one step: w - r · (g + λ w) with the ratio r = κ ‖w‖ / (‖g‖ + λ ‖w‖).
  @Test func `the ratio of LARS is that of whole tensors`() throws {
    var rule = LARS()
    (rule.trust, rule.weightDecay, rule.momentum) = (0.1, 0.01, 0)
    var flat = try FlatCase(seed: 7)
    flat.gradients = [flat.gradients[0]]
    let got = try flat.updated(by: UpdatePlan(rule, layout: flat.layout), ranks: 1, bucket: 256)
    for parameter in flat.layout.parameters {
      let (w, g) = (flat.start[parameter.range].map(Double.init), flat.gradients[0][parameter.range].map(Double.init))
      let norms = [w, g].map { $0.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      let decay = parameter.description.decays ? 0.01 : 0
      let ratio = parameter.description.decays ? 0.1 * norms[0] / (norms[1] + decay * norms[0]) : 1
      for (place, (w, g)) in zip(parameter.range, zip(w, g)) {
        #expect(abs(Double(got.parameters[place]) - (w - FlatCase.rates[0] * ratio * (g + decay * w))) < 1e-6)
      }
    }
  }
}

extension FlatCase {
  /// The parameters by the plain formula in double precision: v ← μ·v + g + λ·w, then w ← w − η·v or, with Nesterov,
  /// w ← w − η·(g + λ·w + μ·v).
  fileprivate func expected(_ rule: SGD) -> [Double] {
    var w = start.map(Double.init)
    for parameter in layout.parameters {
      let decay = ["conv.weight", "fc.weight"].contains(parameter.name) ? rule.weightDecay : 0
      for place in parameter.range {
        var velocity = 0.0
        for (rate, gradient) in zip(Self.rates, gradients) {
          let slope = Double(gradient[place]) + decay * w[place]
          velocity = rule.momentum * velocity + slope
          w[place] -= rate * (rule.nesterov ? slope + rule.momentum * velocity : velocity)
        }
      }
    }
    return w
  }
}
