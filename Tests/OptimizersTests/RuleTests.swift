import Foundation
import Kernels
import Optimizers
import Testing

/// Each rule against PyTorch 2.13 in double precision: six steps on four weights, rate and settings as named. What
/// remains is the rounding of single precision.
@Suite struct RuleTests {
  /// A rule, the rate, and where PyTorch's weights end.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let rule: any UpdateRule
    let rate: Double
    let end: [Double]

    init<Rule: UpdateRule>(
      _ name: String, _ rule: Rule, rate: Double, _ end: [Double], _ change: (inout Rule) -> Void = { _ in }
    ) {
      var rule = rule
      change(&rule)
      (testDescription, self.rule, self.rate, self.end) = (name, rule, rate, end)
    }
  }

  static let cases = [
    Case("sgd", SGD(), rate: 0.1, [0.444131983, -0.471762326, -0.685233011, 0.372396537]),
    Case("sgd without momentum", SGD(), rate: 0.1, [0.799290052, -0.125102538, -0.820756971, -0.235745281]) {
      ($0.momentum, $0.weightDecay) = (0, 0.02)
    },
    Case("nesterov", SGD(), rate: 0.1, [0.463490726, -0.313447303, -0.560474145, 0.274313689]) {
      ($0.momentum, $0.weightDecay, $0.nesterov) = (0.8, 0.02, true)
    },
    Case("dampening", SGD(), rate: 0.1, [0.606212057, -0.361562996, -0.805725473, 0.089903289]) {
      ($0.momentum, $0.weightDecay, $0.dampening) = (0.8, 0.02, 0.3)
    },
    Case("adam", Adam(), rate: 0.05, [0.66178046, -0.297697432, -0.959173231, -0.148524065]) { $0.weightDecay = 0.02 },
    Case("adam with other betas", Adam(), rate: 0.05, [0.679081508, -0.251701965, -0.929061563, -0.169893139]) {
      ($0.beta1, $0.beta2, $0.epsilon) = (0.7, 0.9, 1e-3)
    },
    Case("adamw", AdamW(), rate: 0.05, [0.660222707, -0.29778201, -0.9621923, -0.147515654]) { $0.weightDecay = 0.02 },
    Case("adamax", Adamax(), rate: 0.05, [0.716586213, -0.277872799, -0.985116677, -0.193315968]) {
      $0.weightDecay = 0.02
    },
    Case("rmsprop", RMSProp(), rate: 0.05, [-0.440742187, -0.389810928, -0.285565912, 0.79069953]) {
      $0.weightDecay = 0.02
    },
    Case("rmsprop with momentum", RMSProp(), rate: 0.05, [-0.356580761, -0.646106872, -0.64822397, 0.77371579]) {
      ($0.alpha, $0.momentum, $0.epsilon) = (0.9, 0.7, 1e-3)
    },
    Case("rmsprop centered", RMSProp(), rate: 0.05, [-0.481845418, -0.692254596, -0.591431698, 0.892265467]) {
      ($0.alpha, $0.momentum, $0.epsilon, $0.centered, $0.weightDecay) = (0.9, 0.7, 1e-3, true, 0.02)
    },
    Case("adagrad", Adagrad(), rate: 0.05, [0.790317503, -0.172768247, -0.946880473, -0.284188767]) {
      ($0.weightDecay, $0.rateDecay) = (0.02, 0.1)
    },
  ]

  init() { #expect(prepared) }

  @Test(arguments: cases)
  func `a rule follows PyTorch`(_ test: Case) {
    var weights = (0..<4).map { Float(cos(1.3 * Double($0) + 0.4)) }
    var states = [Float](repeating: 0, count: 4 * test.rule.states.count)
    for step in 0..<6 {
      var gradient = (0..<4).map {
        Float(sin(0.7 * Double(step) + 1.1 * Double($0) + 0.3) * (0.5 + 0.1 * Double($0)))
      }
      let scalars = UpdateScalars(
        StepScalars(age: step, rate: test.rate), settings: ParameterSettings(decay: test.rule.weightDecay))
      withPiece(&gradient, &weights, &states) { test.rule.update($0, scalars) }
    }
    for (got, want) in zip(weights, test.end) { #expect(abs(Double(got) - want) < 1e-6) }
  }

  @Test func `a schedule's momentum takes the place of the rule's own`() {
    var (fixed, cycled) = (SGD(), SGD())
    (fixed.momentum, cycled.momentum) = (0.3, 0.9)
    let ends = [(fixed as any UpdateRule, nil), (cycled, 0.3)].map { rule, momentum in
      var (gradient, weights, states): ([Float], [Float], [Float]) = ([1, 2], [3, 4], [5, 6])
      let scalars = UpdateScalars(
        StepScalars(age: 3, rate: 0.1, momentum: momentum), settings: ParameterSettings(decay: 0))
      withPiece(&gradient, &weights, &states) { rule.update($0, scalars) }
      return weights
    }
    #expect(ends[0] == ends[1])
  }

  @Test(arguments: [
    (SGD.self as any UpdateRule.Type, "nesterov needs a momentum above 0"),
    (SGD.self, "nesterov needs a dampening of 0"),
  ])
  func `settings that contradict each other are refused`(type: any UpdateRule.Type, sentence: String) {
    var rule = SGD()
    (rule.nesterov, rule.momentum, rule.dampening) = (true, sentence.contains("momentum") ? 0 : 0.9, 0.1)
    #expect(rule.problem() == sentence)
  }
}

/// Whether OpenBLAS and the loops have been chosen.
let prepared: Bool = {
  do { try KernelSet.configure(.auto) } catch { return false }
  return true
}()

/// Lends three arrays as a piece; of `states` there may be several, one behind the other.
func withPiece(
  _ gradient: inout [Float], _ weights: inout [Float], _ states: inout [Float], _ body: (UpdatePiece) -> Void
) {
  let count = gradient.count
  unsafe gradient.withUnsafeMutableBufferPointer { g in
    unsafe weights.withUnsafeMutableBufferPointer { w in
      unsafe states.withUnsafeMutableBufferPointer { s in
        guard let g = g.baseAddress, let w = w.baseAddress else { return }
        unsafe body(UpdatePiece(count: count, gradient: g, weights: w, states: s.baseAddress ?? w, stride: count))
      }
    }
  }
}
