package import StrictYAML

/// The optimizer of a configuration: one of the rules in the table.
package struct OptimizerChoice: YAMLChoice {
  /// The rule with its settings.
  package let rule: any UpdateRule

  /// The choice of a rule.
  package init(_ rule: some UpdateRule) { self.rule = rule }

  package static let subject = "optimizer"
  package static let alternatives: [Alternative<OptimizerChoice>] = [
    alternative(SGD.self), alternative(Adam.self), alternative(AdamW.self), alternative(Adamax.self),
    alternative(RMSProp.self), alternative(Adagrad.self), alternative(LARS.self), alternative(LAMB.self),
  ]

  private static func alternative<Rule: UpdateRule>(_ type: Rule.Type) -> Alternative<OptimizerChoice> {
    Alternative(Rule.word, Rule.summary, type) {
      OptimizerChoice($0)
    } extract: {
      $0.rule as? Rule
    }
  }

  package static func == (a: OptimizerChoice, b: OptimizerChoice) -> Bool { AnyHashable(a.rule) == AnyHashable(b.rule) }

  package func hash(into hasher: inout Hasher) { hasher.combine(AnyHashable(rule)) }
}
