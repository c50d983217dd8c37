package import Operators
import StrictYAML

/// Why a layer does not fit its input; the model walk adds the layer's path.
package struct ShapeProblem: Error, Equatable {
  /// The sentence, without the layer's path.
  package let message: String

  /// A problem with the given sentence.
  package init(_ message: String) { self.message = message }
}

/// What every layer says about itself: shapes and parameters, nothing about how it is computed.
package protocol LayerDescription: ModelRecord {
  /// What a reader wants to know of the layer.
  static var notes: LayerNotes { get }
  /// The shape of the output for an input of the given shape.
  ///
  /// - Throws: a `ShapeProblem` that names both shapes.
  func output(for input: Shape) throws(ShapeProblem) -> Shape
  /// The trainable parameters, in PyTorch's order and with PyTorch's names.
  func parameters(for input: Shape) -> [ParameterDescription]
  /// How the layer's running statistics move; nil if it keeps none.
  var runningStatistics: RunningStatistics? { get }
  /// Multiply-add pairs for one sample, forward.
  func multiplyAdds(for input: Shape) -> Int
  /// How the layer widens the receptive field; nil for a layer that sees everything.
  func receptiveFieldStep(for input: Shape) -> ReceptiveFieldStep?
}

extension LayerDescription {
  package func output(for input: Shape) throws(ShapeProblem) -> Shape { input }
  package func parameters(for input: Shape) -> [ParameterDescription] { [] }
  package var runningStatistics: RunningStatistics? { nil }
  package func multiplyAdds(for input: Shape) -> Int { 0 }
  package func receptiveFieldStep(for input: Shape) -> ReceptiveFieldStep? { ReceptiveFieldStep() }
}

/// A running mean and variance of each channel, kept beside the parameters and used in evaluation.
package struct RunningStatistics: Hashable, Sendable {
  /// The weight of the newest step, from 0 to 1.
  package let momentum: Double
}

/// What a reader wants to know of a layer beside its keys; `cnn-dist models --layers` prints it.
package struct LayerNotes: Hashable, Sendable {
  /// What it computes.
  package let formula: String
  /// What goes in and what comes out.
  package let shapes: String
  /// Names and shapes of its parameters, or "none".
  package let parameters: String
  /// Floating-point operations for one sample, forward.
  package let work: String
  /// Where it comes from.
  package let source: String

  /// Notes of a layer; without shapes it keeps the shape of its input, without parameters it has none.
  package init(
    formula: String, shapes: String = "C×H×W → C×H×W", parameters: String = "none", work: String, source: String
  ) {
    self.formula = formula
    self.shapes = shapes
    self.parameters = parameters
    self.work = work
    self.source = source
  }
}

/// How a layer widens the receptive field.
package struct ReceptiveFieldStep: Hashable, Sendable {
  /// Positions of the input, from the first to the last, that one output position depends on.
  package var kernel = Extent(1)
  /// Positions of the input from one output position to the next; 1 where outputs lie closer than inputs.
  package var stride = Extent(1)
}

/// One trainable tensor of a layer.
package struct ParameterDescription: Hashable, Sendable {
  /// How the tensor lies in memory relative to its shape in files.
  package enum Arrangement: Hashable, Sendable {
    /// The same order as in files.
    case plain
    /// In files [out, in, kernel row, kernel column] (PyTorch), in memory [out, kernel row, kernel column, in].
    case channelsLast
  }

  /// The name within the layer: "weight", "bias".
  package let name: String
  /// The shape in files (PyTorch's).
  package let shape: [Int]
  /// How it lies in memory.
  package let arrangement: Arrangement
  /// What it holds before the first step.
  package let initial: InitialValues
  /// Whether weight decay applies unless the configuration says otherwise: weights yes, biases and the scales and
  /// shifts of normalizations no.
  package let decays: Bool

  /// One value per channel that is not decayed: a bias, a scale or a shift.
  static func perChannel(_ name: String, _ channels: Int, initial: InitialValues) -> ParameterDescription {
    ParameterDescription(name: name, shape: [channels], arrangement: .plain, initial: initial, decays: false)
  }

  /// The number of elements.
  package var count: Int { shape.reduce(1, *) }

  /// The name in the network: the layer's path and the name within the layer, "layer1.0.conv1.weight".
  package func fullName(at path: String) -> String { path.isEmpty ? name : "\(path).\(name)" }
}

/// The distribution of a parameter before the first step.
package enum InitialValues: Hashable, Sendable {
  /// The same value everywhere.
  case constant(Float)
  /// Uniform on [-bound, bound].
  case uniform(bound: Double)
  /// Normal with mean zero.
  case normal(std: Double)
  /// Normal with mean zero, drawn again where it lies beyond two standard deviations.
  case truncatedNormal(std: Double)
  /// A matrix of so many rows (the order of files) whose rows, or columns if those are fewer, are orthogonal and of
  /// length `gain`.
  case orthogonal(rows: Int, gain: Double)
}

/// Weights of the given shape, [a, b, kernel rows, kernel columns], and biases if there are any.
func kernelParameters(_ shape: [Int], biases: Int, initial: WeightInitializer) -> [ParameterDescription] {
  let fanIn = shape[1...].reduce(1, *)
  let weight = ParameterDescription(
    name: "weight", shape: shape, arrangement: .channelsLast,
    initial: initial.weights(fanIn: fanIn, fanOut: shape[0] * shape[2...].reduce(1, *), rows: shape[0]), decays: true)
  return [weight] + (biases > 0 ? [.perChannel("bias", biases, initial: initial.biases(fanIn: fanIn))] : [])
}
