import Network
package import Planner

/// All that the update of a run is made of: the rule, what comes before and behind it, and the settings of each tensor.
/// A value that every rank computes from the configuration and the layout; only `FlatOptimizer` knows of segments.
package struct UpdatePlan: Sendable {
  /// One state of every weight.
  package struct State: Hashable, Sendable {
    /// The name in checkpoints.
    package let name: String
    /// Whether it starts as the weights; otherwise as zeros.
    package let startsAsWeights: Bool
  }

  /// The name of the averaged weights among the states.
  package static let average = "ema"
  /// The name of Lookahead's slow weights among the states.
  package static let slow = "slow"

  /// The rule.
  package let rule: any UpdateRule
  /// A limit on the gradient.
  package let clipping: GradientClipping?
  /// The moving average of the weights.
  package let averaging: WeightAveraging?
  /// Slow weights.
  package let lookahead: Lookahead?
  /// The settings of each trained parameter, in the order of the layout.
  package let settings: [ParameterSettings]
  /// The length of a flat buffer of states: what is exchanged in a step.
  package let count: Int
  /// The states of each weight: the rule's, the average, the slow weights.
  package let states: [State]

  /// The plan for the trainable parameters of a layout.
  package init(
    _ rule: any UpdateRule, clipping: GradientClipping? = nil, averaging: WeightAveraging? = nil,
    lookahead: Lookahead? = nil, groups: [ParameterGroup] = [], layout: FlatLayout
  ) {
    self.rule = rule
    self.clipping = clipping
    self.averaging = averaging
    self.lookahead = lookahead
    let groups = ParameterGroups(groups)
    count = layout.exchangedCount
    settings = layout.trainedParameters.map { groups.settings($0.name, decays: $0.description.decays, rule: rule) }
    states = Self.states(rule, averaging, lookahead)
  }

  static func states(_ rule: any UpdateRule, _ averaging: WeightAveraging?, _ lookahead: Lookahead?) -> [State] {
    rule.states.map { State(name: $0, startsAsWeights: false) }
      + (averaging == nil ? [] : [State(name: average, startsAsWeights: true)])
      + (lookahead == nil ? [] : [State(name: slow, startsAsWeights: true)])
  }

  /// The index of the averaged weights among the states; nil without an average.
  package var averageIndex: Int? { index(of: Self.average) }

  /// The index of a state.
  func index(of name: String) -> Int? { states.firstIndex { $0.name == name } }

  /// Whether no weight can change before the whole gradient is there: norms are taken over all of it.
  package var waitsForWholeGradient: Bool {
    if case .norm = clipping { return true }
    return rule is any LayerwiseRule
  }

  /// Floats that an owner keeps for each weight: the states, and the gradient while it waits for the whole of it.
  package var ownedBuffers: Int { states.count + (waitsForWholeGradient ? 1 : 0) }

  /// Floats that an owner keeps for each weight so that a step can be taken back: the weight and its states.
  package var undoBuffers: Int { 1 + states.count }

  /// What a plan of the step tells of the update.
  package var summary: UpdateSummary {
    UpdateSummary(
      name: type(of: rule).word, stateNames: states.map(\.name), trafficPerParameter: trafficPerParameter)
  }

  /// Floats that the update moves for each weight.
  package var trafficPerParameter: Int {
    rule.trafficPerParameter + 2 * (states.count - rule.states.count) + (waitsForWholeGradient ? 3 : 0)
  }
}
