import Network
import Operators

/// The end of the forward pass: the loss of the network's output and those of the heads.
extension Lowering {
  /// Appends the losses; in training their gradients have then arrived at the outputs that depend on what is trained.
  ///
  /// - Throws: an error if a loss does not fit its output or the labels that another one reads.
  mutating func losses(_ output: Value, network: String) throws(NetworkError) {
    try loss(output, name: "model \(network), its output", suffix: "", isMain: true, weight: 1, options.loss)
    for (head, path, value) in heads {
      try loss(
        value, name: "model \(network), head '\(path)'", suffix: ".\(path)", isMain: false,
        weight: Float(head.weight), head.loss ?? options.loss)
    }
  }

  private mutating func loss(
    _ value: Value, name: String, suffix: String, isMain: Bool, weight: Float, _ loss: Loss
  ) throws(NetworkError) {
    if let problem = loss.problem(with: value.shape) { throw NetworkError("\(name): \(problem)") }
    try checkLabels(loss, output: value.shape, name: name)
    try checkClasses(loss, output: value.shape, name: name)
    var term = LossTerm(loss: loss, output: value.shape, weight: weight, isMain: isMain)
    if loss.readsValues {
      term.targets = targets.count
      targets.append(TargetValues(name: "targets\(suffix)", shape: value.shape))
    }
    let path = "loss\(suffix)"
    let gradient = slot("\(path) dx", perSample: value.shape.count)
    instructions.append(
      Instruction(operation: .loss(term), pass: .loss, path: path, reads: [value.slot], writes: [gradient]))
    if value.isTrainable { arrive(gradient, at: value.slot) }
  }

  /// All losses that read labels must read the same ones: one for each sample, or one for each position.
  private mutating func checkLabels(_ loss: Loss, output: Shape, name: String) throws(NetworkError) {
    guard loss.readsLabels else { return }
    let wanted = loss.picksChannelByLabel ? output.extent : Extent(1)
    guard let labels else {
      labels = wanted
      return
    }
    guard labels == wanted else {
      throw NetworkError(
        "\(name): \(loss.kind) over its shape \(output) reads labels for \(wanted.height)×\(wanted.width) positions, "
          + "but the loss before it reads them for \(labels.height)×\(labels.width); all losses share one set of labels"
      )
    }
  }

  /// A label counts the channels of all outputs that are compared with it, so they must have the same number of them.
  private mutating func checkClasses(_ loss: Loss, output: Shape, name: String) throws(NetworkError) {
    guard loss.picksChannelByLabel else { return }
    guard classes == nil || classes == output.channels else {
      throw NetworkError(
        "\(name): \(loss.kind) over its shape \(output) has \(output.channels) classes, but the loss before it has "
          + "\(classes ?? 0); all losses share one set of labels")
    }
    classes = output.channels
  }
}
