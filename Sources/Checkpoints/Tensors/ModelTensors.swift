import Hashing
package import Interchange
import Network
package import Optimizers
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

  /// The optimizer's states of the trained parameters, each under its name: "exp_avg.fc.weight".
  package static func optimizer(
    _ state: TrainingState, updates: UpdatePlan, layout: FlatLayout
  ) -> [NamedTensor] {
    zip(updates.states, state.states).flatMap { trained($1, layout: layout, prefix: "\($0.name).") }
  }

  /// The state that a checkpoint's tensors describe. What its optimizer did not keep begins as in a new run.
  ///
  /// - Parameter saved: what the optimizer of the checkpoint kept.
  /// - Throws: `CheckpointError` that names the first tensor that is missing or has another shape.
  package static func state(
    model: [NamedTensor], optimizer: [NamedTensor], step: Int, saved: SavedUpdates, updates: UpdatePlan,
    layout: FlatLayout
  ) throws(CheckpointError) -> TrainingState {
    var parameters = [Float](repeating: 0, count: layout.count)
    let tensors = byName(model)
    try store(tensors, layout: layout, into: &parameters)
    try storeStatistics(tensors, layout: layout, into: &parameters)
    var state = TrainingState(step: step, parameters: parameters, updates: updates)
    if saved.goesOn(with: updates) { state.statesSince = saved.since }
    let states = byName(optimizer)
    for (index, name) in updates.states.map(\.name).enumerated() {
      let held = layout.trainedParameters.filter { saved.holds(name, of: $0.name, for: updates) }
      try store(states, of: held[...], layout: layout, prefix: "\(name).", into: &state.states[index])
    }
    return state
  }

  /// Writes the parameters of `tensors` into a flat buffer, by default all; the others stay as they are.
  package static func store(
    _ tensors: [String: NamedTensor], layout: FlatLayout, into flat: inout [Float]
  ) throws(CheckpointError) {
    try store(tensors, of: layout.parameters[...], layout: layout, prefix: "", into: &flat)
  }

  private static func store(
    _ tensors: [String: NamedTensor], of parameters: ArraySlice<FlatLayout.Parameter>, layout: FlatLayout,
    prefix: String, into flat: inout [Float]
  ) throws(CheckpointError) {
    for parameter in parameters {
      let values = try values(prefix + parameter.name, shape: parameter.description.shape, in: tensors)
      var span = flat.mutableSpan
      layout.store(values, of: parameter, into: &span)
    }
  }

  /// Writes the running statistics of `tensors` into a flat buffer.
  package static func storeStatistics(
    _ tensors: [String: NamedTensor], layout: FlatLayout, into flat: inout [Float]
  ) throws(CheckpointError) {
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
  ) throws(CheckpointError) -> [Float] {
    guard let tensor = tensors[name] else {
      throw CheckpointError("the tensor '\(name)' is missing; these are the weights of another model")
    }
    guard case .float32(let values) = tensor.elements, tensor.shape == shape else {
      throw CheckpointError(
        "the tensor '\(name)' has the shape \(tensor.shape), but the model needs \(shape)")
    }
    return values
  }
}

/// The hash that stands for a model's weights in summaries, ledgers and claims.
package enum WeightsHash {
  private static let bufferNames = ["running_mean", "running_var", "num_batches_tracked"]

  /// The SHA-256, in lower-case hexadecimal, of the parameters' elements as little-endian float32, one parameter
  /// after the other in the order of their names' UTF-8 bytes.
  ///
  /// Whole-number tensors and the running statistics of batch normalization are no parameters and are left out.
  package static func sha256(_ parameters: [NamedTensor]) -> String {
    var hash = SHA256()
    for tensor in parameters.inNameOrder() where !bufferNames.contains(where: tensor.name.hasSuffix) {
      guard case .float32(let values) = tensor.elements else { continue }
      hash.update(values.span)
    }
    return hash.finish()
  }
}
