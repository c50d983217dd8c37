/// What the optimizer of a checkpoint kept, which tells a state that has not been there from one that is lost.
package struct SavedUpdates: Hashable, Sendable {
  /// The step before which its states were started.
  package let since: Int
  private let rule: String
  private let states: Set<String>
  private let groups: ParameterGroups

  /// What an optimizer of these settings kept.
  package init(
    since: Int, rule: any UpdateRule, averaging: WeightAveraging?, lookahead: Lookahead?, groups: [ParameterGroup]
  ) {
    self.since = since
    self.rule = type(of: rule).word
    states = Set(UpdatePlan.states(rule, averaging, lookahead).map(\.name))
    self.groups = ParameterGroups(groups)
  }

  /// Whether the states of the plan's rule go on from those of the checkpoint; otherwise they start anew.
  package func goesOn(with updates: UpdatePlan) -> Bool {
    rule == type(of: updates.rule).word && states.isSuperset(of: updates.rule.states)
  }

  /// Whether the checkpoint has to hold a state of a parameter.
  package func holds(_ state: String, of parameter: String, for updates: UpdatePlan) -> Bool {
    let belongsToRule = updates.rule.states.contains(state)
    return states.contains(state) && (!belongsToRule || goesOn(with: updates)) && !groups.freezes(parameter)
  }

  /// The sentence about states that start anew; nil if all go on.
  package func notice(for updates: UpdatePlan) -> String? {
    let kept = updates.states.map(\.name).filter {
      updates.rule.states.contains($0) ? goesOn(with: updates) : states.contains($0)
    }
    let fresh = updates.states.map(\.name).filter { !kept.contains($0) }
    guard !fresh.isEmpty else { return nil }
    return "the checkpoint does not have the optimizer's \(fresh.joined(separator: ", ")), which starts anew here"
  }
}
