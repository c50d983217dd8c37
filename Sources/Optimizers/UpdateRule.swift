package import Kernels
package import StrictYAML

/// How a gradient changes the weights: the rule is a value, its settings are the keys below `train.optimizer`.
///
/// A rule owns no memory. It names the states that it wants for each weight, and whoever owns a segment of the flat
/// buffer keeps them and hands them in. To add a rule: a record that conforms, its line in `OptimizerChoice`, and a
/// loop where none of those of `Kernels.Optimizer` fits.
package protocol UpdateRule: YAMLRecord {
  /// The word that names the rule in a configuration.
  static var word: String { get }
  /// One line for tables and help.
  static var summary: String { get }

  /// Pull of the weights to zero (λ), for those that decay.
  var weightDecay: Double { get set }
  /// Whether biases and normalization parameters decay too.
  var decayAll: Bool { get set }
  /// The names of the states, in the order in which a piece holds them; they start as zeros. PyTorch's names.
  var states: [String] { get }

  /// Updates the weights and the states of one piece.
  func update(_ piece: UpdatePiece, _ scalars: UpdateScalars)
}

/// A rule that scales each tensor's step by a ratio of norms, for which the whole gradient must be there.
///
/// The step has two halves: `direct` on all pieces, then the norms of each tensor's weights and direction, and with the
/// ratio that follows from them `update` on all pieces.
package protocol LayerwiseRule: UpdateRule {
  /// Whether biases and normalization parameters have a ratio too; otherwise theirs is 1.
  var adaptAll: Bool { get set }

  /// Puts the direction of the step in the gradient's place; its norm is the one that `trustRatio` gets.
  func direct(_ piece: UpdatePiece, _ scalars: UpdateScalars)

  /// The ratio of a tensor, from the Euclidean norms of its weights and of its direction.
  func trustRatio(weights: Double, direction: Double, decay: Double) -> Double
}

/// What holds for a whole step.
package struct StepScalars: Hashable, Sendable {
  /// Steps that the states have seen; 0 at the first, when they are as they started.
  package var age: Int
  /// The learning rate.
  package var rate: Double
  /// The momentum of a schedule that cycles it, in place of the rule's own.
  package var momentum: Double?

  /// The scalars of a step.
  package init(age: Int, rate: Double, momentum: Double? = nil) {
    self.age = age
    self.rate = rate
    self.momentum = momentum
  }
}

/// What holds for one tensor in one step.
package struct UpdateScalars: Hashable, Sendable {
  /// Steps that the states have seen before this one.
  package var age: Int
  /// The learning rate of the tensor.
  package var rate: Double
  /// The decay of the tensor (λ).
  package var decay: Double
  /// The momentum of the schedule; nil for the rule's own.
  package var momentum: Double?
  /// The ratio of norms of a layerwise rule.
  package var trust = 1.0

  /// The scalars of one tensor.
  package init(_ step: StepScalars, settings: ParameterSettings, trust: Double = 1) {
    age = step.age
    rate = step.rate * settings.rate
    decay = settings.decay
    momentum = step.momentum
    self.trust = trust
  }

  /// 1 - factor^t for the t-th step, counted from 1: what a moving average that started at zero lacks.
  func biasCorrection(_ factor: Double) -> Double { 1 - power(factor, age + 1) }
}

/// What the configuration says of one tensor.
package struct ParameterSettings: Hashable, Sendable {
  /// Factor of the learning rate.
  package var rate: Double
  /// Pull of the weights to zero (λ).
  package var decay: Double
  /// Whether a layerwise rule gives the tensor a ratio of its own.
  package var isAdapted: Bool

  /// The settings of a tensor.
  package init(rate: Double = 1, decay: Double, isAdapted: Bool = false) {
    self.rate = rate
    self.decay = decay
    self.isAdapted = isAdapted
  }
}

extension UpdateRule {
  /// Floats that an update moves for each weight: it reads the gradient, and reads and writes the weight and the
  /// states.
  package var trafficPerParameter: Int { 3 + 2 * states.count }

  /// Whether a momentum of the schedule has an effect: it takes the place of `momentum`, or of Adam's `beta1`.
  package var hasMomentum: Bool { !Set(states).isDisjoint(with: ["momentum", "exp_avg"]) }

  /// The keys of the decay, which every rule has.
  static var decayFields: [Field<Self>] {
    [
      Field("weight-decay", \.weightDecay, "pull of the weights to zero (λ)", check: RuleChecks.decay),
      Field("decay-all", \.decayAll, "whether biases and normalization parameters decay too"),
    ]
  }
}

extension LayerwiseRule {
  /// The key that every layerwise rule has.
  static var adaptFields: [Field<Self>] {
    [Field("adapt-all", \.adaptAll, "whether biases and normalization parameters have a ratio of norms too")]
  }
}

/// Checks that several rules need.
enum RuleChecks {
  static let fraction: @Sendable (Double) -> String? = { (0..<1).contains($0) ? nil : "must be at least 0 and below 1" }
  static let decay: @Sendable (Double) -> String? = { (0...1).contains($0) ? nil : "must be from 0 to 1" }
  static let epsilon: @Sendable (Double) -> String? = {
    $0 >= 0 && $0 <= 1 && Float($0).isNormal != ($0 == 0) ? nil : "must be 0 or from 1e-37 to 1"
  }
  static let positive: @Sendable (Double) -> String? = {
    $0 > 0 && $0 <= 1e6 ? nil : "must be above 0 and at most 1000000"
  }
}

/// `base` to a whole power, by squaring: the same bits on every machine, which the library's function does not promise.
func power(_ base: Double, _ exponent: Int) -> Double {
  var (result, square, rest) = (1.0, base, exponent)
  while rest > 0 {
    if rest & 1 == 1 { result *= square }
    square *= square
    rest >>= 1
  }
  return result
}
