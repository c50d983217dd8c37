import Foundation
package import Network
package import Planner
package import StrictYAML

/// One entry of `train.groups`: what holds for the parameters whose names match a pattern.
///
/// Of several groups that match a name and give the same key, the last counts.
package struct ParameterGroup: YAMLRecord {
  /// A pattern on parameter names as a shell has them: `*` for any characters, `?` for one, `[ab]` for one of some.
  package var match = ""
  package var rate: Double?
  package var weightDecay: Double?
  package var freeze: Bool?
  package var statistics: StatisticsMode?

  package init() {}

  /// What becomes of the running statistics of batch norms.
  package enum StatisticsMode: String, CaseIterable, YAMLValue {
    /// They follow the batches, which are normalized by their own statistics.
    case update
    /// They stay, and batches are normalized by them, as in evaluation.
    case frozen
  }

  package static let fields: [Field<Self>] = [
    Field("match", \.match, "a pattern on parameter names, with * and ?: layer4.*, *.bias", required: true),
    Field("rate", \.rate, "factor of the learning rate", check: Self.rate),
    Field("weight-decay", \.weightDecay, "in place of the optimizer's, biases included", check: Self.decay),
    Field("freeze", \.freeze, "whether the parameters stay as they are, which costs neither time nor memory"),
    Field(
      "statistics", \.statistics,
      "of batch norms: update, or frozen to normalize by the running ones as in evaluation"),
  ]

  private static let rate: @Sendable (Double?) -> String? = { $0.flatMap(RuleChecks.positive) }
  private static let decay: @Sendable (Double?) -> String? = { $0.flatMap(RuleChecks.decay) }

  package func problem() -> String? {
    if match.isEmpty { return "match must not be empty; use \"*\" for all parameters" }
    if rate == nil, weightDecay == nil, freeze == nil, statistics == nil {
      return "the group '\(match)' changes nothing; give rate, weight-decay, freeze or statistics"
    }
    return nil
  }

  /// Whether the pattern matches a name. Source: POSIX, `fnmatch`.
  package func matches(_ name: String) -> Bool { unsafe fnmatch(match, name, 0) == 0 }
}

/// All groups of a run, put together.
package struct ParameterGroups: Hashable, Sendable {
  private let groups: [ParameterGroup]

  /// The groups in the order of the configuration.
  package init(_ groups: [ParameterGroup]) { self.groups = groups }

  /// Whether a parameter is frozen.
  package func freezes(_ name: String) -> Bool { last(name, \.freeze) ?? false }

  /// Whether running statistics of this name, "bn1.running_mean", are frozen.
  package func freezesStatistics(_ name: String) -> Bool { last(name, \.statistics) == .frozen }

  /// What an optimizer does with one parameter.
  ///
  /// - Parameter decays: whether the decay of the rule applies to it by nature: weights yes, biases and normalization
  ///   parameters no.
  package func settings(_ name: String, decays: Bool, rule: any UpdateRule) -> ParameterSettings {
    let decay = last(name, \.weightDecay) ?? (decays || rule.decayAll ? rule.weightDecay : 0)
    let isAdapted = (rule as? any LayerwiseRule).map { decays || $0.adaptAll } ?? false
    return ParameterSettings(rate: last(name, \.rate) ?? 1, decay: decay, isAdapted: isAdapted)
  }

  /// The sentence about the first group that matches none of `names`; nil if each matches one.
  package func problem(names: [String]) -> String? {
    guard let group = groups.first(where: { group in !names.contains(where: group.matches) }) else { return nil }
    var layers: [Substring] = []
    for layer in names.compactMap({ $0.split(separator: ".").first }) where layers.last != layer {
      layers.append(layer)
    }
    return "train.groups: no parameter matches '\(group.match)'; the parameters are those of "
      + layers.joined(separator: ", ") + " (such as \(names.first ?? "none"))"
  }

  /// The options with what the groups freeze of a network.
  ///
  /// - Throws: `NetworkError` if a layer does not fit its input, or for a group that no parameter belongs to.
  package func freezing(_ options: PlanOptions, of network: NetworkDescription) throws(NetworkError) -> PlanOptions {
    guard !groups.isEmpty else { return options }
    let layout = try Planner.plan(network, options: options).layout
    let names = layout.parameters.map(\.name)
    if let problem = problem(names: names + layout.statistics.map { "\($0.path).running_mean" }) {
      throw NetworkError(problem)
    }
    var options = options
    options.frozen = Set(names.filter(freezes))
    let norms = layout.statistics.map(\.path).filter { freezesStatistics("\($0).running_mean") }
    options.frozenStatistics = Set(norms)
    if norms.isEmpty, let group = groups.last(where: { $0.statistics == .frozen }) {
      throw NetworkError("train.groups: no batch norm matches '\(group.match)', so there are no statistics to freeze")
    }
    return options
  }

  private func last<Value>(_ name: String, _ key: KeyPath<ParameterGroup, Value?>) -> Value? {
    groups.last { $0[keyPath: key] != nil && $0.matches(name) }?[keyPath: key]
  }
}
