import Collectives
import Kernels
import Network
import Operators
import Optimizers
import Planner
import Randomness
import TestSupport
import Testing

/// An optimizer with all that stands around it.
struct PlanCase: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let rule: any UpdateRule
  var clipping: GradientClipping?
  var averaging: WeightAveraging?
  var lookahead: Lookahead?

  static let sgd: [PlanCase] = [(0, false, 0), (0, false, 0.01), (0.9, false, 0.01), (0.9, true, 0.01)].map {
    var rule = SGD()
    (rule.momentum, rule.nesterov, rule.weightDecay) = $0
    return PlanCase(testDescription: "sgd \($0)", rule: rule)
  }

  /// One of each rule, and each thing that goes with them.
  static let all: [PlanCase] = {
    var lars = LARS()
    (lars.weightDecay, lars.trust) = (0.01, 0.1)
    var lamb = LAMB()
    lamb.weightDecay = 0.01
    var limit = GradientClipping.Limit()
    limit.maximum = 0.3
    var lookahead = Lookahead()
    lookahead.every = 2
    return sgd + [
      PlanCase(testDescription: "adam", rule: Adam()), PlanCase(testDescription: "adamw", rule: AdamW()),
      PlanCase(testDescription: "adamax", rule: Adamax()),
      PlanCase(testDescription: "rmsprop", rule: RMSProp()), PlanCase(testDescription: "adagrad", rule: Adagrad()),
      PlanCase(testDescription: "lars", rule: lars), PlanCase(testDescription: "lamb", rule: lamb),
      PlanCase(testDescription: "sgd clipped by value", rule: SGD(), clipping: .value(limit)),
      PlanCase(testDescription: "adamw clipped by norm", rule: AdamW(), clipping: .norm(limit)),
      PlanCase(testDescription: "lamb clipped by norm", rule: lamb, clipping: .norm(limit)),
      PlanCase(
        testDescription: "sgd averaged, looking ahead", rule: SGD(), averaging: WeightAveraging(),
        lookahead: lookahead),
    ]
  }()

  /// The plan for a layout.
  func plan(_ layout: FlatLayout, groups: [ParameterGroup] = []) -> UpdatePlan {
    UpdatePlan(
      rule, clipping: clipping, averaging: averaging, lookahead: lookahead, groups: groups, layout: layout)
  }
}

/// A flat buffer with a few steps' reduced gradients.
struct FlatCase {
  static let microBatches = 4
  static let rates = [0.1, 0.05, 0.2]
  let layout: FlatLayout
  let start: [Float]
  var gradients: [[Float]]

  init(seed: UInt64) throws {
    precondition(prepared)
    let network = NetworkDescription(
      name: "flat", input: Shape(channels: 3, height: 5, width: 5),
      layers: [
        .layer(.convolution(ConvolutionLayer(7, kernel: 3)), name: "conv"),
        .layer(.batchNormalization(BatchNormalizationLayer()), name: "bn"),
        .layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(11)), name: "fc"),
      ])
    let options = PlanOptions(microBatch: 2, microBatches: Self.microBatches, bucketElements: 256)
    layout = try Planner.plan(network, options: options).layout
    var random = RandomStream(seed: seed, purpose: .testing)
    let count = layout.count
    let values = Self.rates.map { _ in (0..<count).map { _ in Float(random.normal()) } }
    gradients = values
    start = (0..<count).map { _ in Float(random.normal()) }
  }

  /// The states that `plan` starts with.
  func states(_ plan: UpdatePlan) -> [[Float]] {
    plan.states.map { $0.startsAsWeights ? start : Array(repeating: 0, count: layout.count) }
  }

  /// The buffers after all steps, each rank having updated its segments of them; with a plan that waits for the whole
  /// gradient, one rank.
  func updated(
    by plan: UpdatePlan, ranks: Int, bucket: Int
  ) throws -> (parameters: [Float], states: [[Float]]) {
    let segments = BucketLayout(
      buckets: .cut(layout.count, into: [bucket]), block: FlatLayout.block, owners: ranks)
    var parameters = start
    var states = states(plan)
    try unsafe parameters.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      for rank in 0..<ranks {
        let owned = OwnedSegments(layout: segments, rank: rank)
        let optimizer = try unsafe FlatOptimizer(
          plan, layout: layout, owned: owned, microBatches: Self.microBatches, parameters: base, states: states)
        for age in gradients.indices { try step(optimizer, owned, plan, age) }
        for index in states.indices {
          let values = optimizer.ownedState(index)
          for (range, place) in owned.pieces {
            states[index].replaceSubrange(range, with: values[place..<place + range.count])
          }
        }
      }
    }
    return (parameters, states)
  }

  private func step(_ optimizer: FlatOptimizer, _ owned: OwnedSegments, _ plan: UpdatePlan, _ age: Int) throws {
    optimizer.begin(StepScalars(age: age, rate: Self.rates[age]))
    var gradient = gradients[age]
    unsafe gradient.withUnsafeMutableBufferPointer { gradient in
      guard let base = gradient.baseAddress else { return }
      for (range, _) in owned.pieces { unsafe optimizer.update(range: range, gradient: base + range.lowerBound) }
    }
    guard plan.waitsForWholeGradient else { return }
    let squares = gradients[age][..<layout.parameterEnd].reduce(0) { $0 + Double($1) * Double($1) }
    try optimizer.complete(squares: squares) { _ in }
  }
}
