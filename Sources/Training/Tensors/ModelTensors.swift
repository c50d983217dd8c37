package import Interchange
import Network
package import Planner

/// Between the flat layout and tensors by name, in PyTorch's shapes and order.
package enum ModelTensors {
  /// Parameters, running statistics and, as PyTorch expects beside them, `num_batches_tracked`.
  package static func model(_ state: TrainingState, layout: FlatLayout) -> [NamedTensor] {
    let parameters = parameters(state.parameters, layout: layout)
    let statistics = layout.statistics.flatMap { statistics in
      [
        tensor("\(statistics.path).running_mean", statistics.mean, state.parameters),
        tensor("\(statistics.path).running_var", statistics.variance, state.parameters),
        NamedTensor(
          name: "\(statistics.path).num_batches_tracked", shape: [], elements: .int64([Int64(state.step)])),
      ]
    }
    return parameters + statistics
  }

  /// All parameters of a flat parameter buffer, frozen ones too.
  package static func parameters(_ flat: [Float], layout: FlatLayout) -> [NamedTensor] {
    layout.parameters.map { tensor(of: $0, flat, layout, prefix: "") }
  }

  /// The tensors of a flat buffer that lie where the trained parameters do: gradients or momenta.
  package static func trained(_ flat: [Float], layout: FlatLayout, prefix: String) -> [NamedTensor] {
    layout.trainedParameters.map { tensor(of: $0, flat, layout, prefix: prefix) }
  }

  private static func tensor(
    of parameter: FlatLayout.Parameter, _ flat: [Float], _ layout: FlatLayout, prefix: String
  ) -> NamedTensor {
    NamedTensor(
      name: prefix + parameter.name, shape: parameter.description.shape,
      elements: .float32(layout.fileOrder(parameter, from: flat.span)))
  }

  /// The optimizer's state.
  package static func optimizer(_ state: TrainingState, layout: FlatLayout) -> [NamedTensor] {
    trained(state.momenta, layout: layout, prefix: momentumPrefix)
  }

  private static let momentumPrefix = "momentum."

  /// The state that a checkpoint's tensors describe.
  ///
  /// - Throws: `RunError` that names the first tensor that is missing or has another shape.
  package static func state(
    model: [NamedTensor], optimizer: [NamedTensor], step: Int, layout: FlatLayout
  ) throws(RunError) -> TrainingState {
    var state = TrainingState(
      step: step, parameters: Array(repeating: 0, count: layout.count),
      momenta: Array(repeating: 0, count: layout.exchangedCount))
    let tensors = byName(model)
    try store(tensors, layout: layout, into: &state.parameters)
    try storeStatistics(tensors, layout: layout, into: &state.parameters)
    try store(
      byName(optimizer), of: layout.trainedParameters, layout: layout, prefix: momentumPrefix, into: &state.momenta)
    return state
  }

  /// Writes the parameters of `tensors` into a flat buffer.
  package static func store(
    _ tensors: [String: NamedTensor], layout: FlatLayout, into flat: inout [Float]
  ) throws(RunError) {
    try store(tensors, of: layout.parameters[...], layout: layout, prefix: "", into: &flat)
  }

  private static func store(
    _ tensors: [String: NamedTensor], of parameters: ArraySlice<FlatLayout.Parameter>, layout: FlatLayout,
    prefix: String, into flat: inout [Float]
  ) throws(RunError) {
    for parameter in parameters {
      let values = try values(prefix + parameter.name, shape: parameter.description.shape, in: tensors)
      var span = flat.mutableSpan
      layout.store(values, of: parameter, into: &span)
    }
  }

  /// Writes the running statistics of `tensors` into a flat buffer.
  package static func storeStatistics(
    _ tensors: [String: NamedTensor], layout: FlatLayout, into flat: inout [Float]
  ) throws(RunError) {
    for statistics in layout.statistics {
      let mean = try values("\(statistics.path).running_mean", shape: [statistics.mean.count], in: tensors)
      let variance = try values("\(statistics.path).running_var", shape: [statistics.variance.count], in: tensors)
      flat.replaceSubrange(statistics.mean, with: mean)
      flat.replaceSubrange(statistics.variance, with: variance)
    }
  }

  /// The tensors by their names; of two with the same name the last counts.
  package static func byName(_ tensors: [NamedTensor]) -> [String: NamedTensor] {
    Dictionary(tensors.map { ($0.name, $0) }) { $1 }
  }

  private static func tensor(_ name: String, _ range: Range<Int>, _ flat: [Float]) -> NamedTensor {
    NamedTensor(name: name, shape: [range.count], elements: .float32(Array(flat[range])))
  }

  private static func values(
    _ name: String, shape: [Int], in tensors: [String: NamedTensor]
  ) throws(RunError) -> [Float] {
    guard let tensor = tensors[name] else {
      throw RunError(.unusable, "the tensor '\(name)' is missing; these are the weights of another model")
    }
    guard case .float32(let values) = tensor.elements, tensor.shape == shape else {
      throw RunError(
        .unusable, "the tensor '\(name)' has the shape \(tensor.shape), but the model needs \(shape)")
    }
    return values
  }
}
