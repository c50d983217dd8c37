import Configuration
import Datasets
package import Network
package import Operators
import Optimizers
import StrictYAML

/// What is likely a mistake in a run although it can be trained: the run goes on, and learns little or nothing. One
/// sentence each, with the remedy.
package enum StartWarnings {
  /// All that a look at the configuration, the model and a few samples shows.
  package static func sentences(for blueprint: Blueprint) -> [String] {
    OutputWarnings.sentences(for: blueprint.network, loss: blueprint.configuration.train.loss)
      + [warmUp(blueprint), plateau(blueprint), batch(blueprint)].compactMap(\.self)
      + SampleWarnings.sentences(for: blueprint.dataset, normalization: blueprint.normalization)
  }

  /// A warm-up that the run does not outlast: the highest rate, which the settings name, is never reached.
  private static func warmUp(_ blueprint: Blueprint) -> String? {
    let schedule = blueprint.configuration.train.schedule
    let steps = (schedule.rule.warmUpEpochs * blueprint.stepsPerEpoch).rounded()
    // A one-cycle schedule of which only the rise is left never comes down either.
    guard steps > Double(blueprint.steps) || (schedule.rule.risesByItself && steps == Double(blueprint.steps)) else {
      return nil
    }
    let run = Display.decimal(blueprint.epochs(after: blueprint.steps), 2)
    let highest = blueprint.rate(step: max(0, blueprint.steps - 1))
    return
      "the warm-up of the learning rate lasts \(Display.decimal(schedule.rule.warmUpEpochs, 2)) epochs and the run "
      + "\(run): the rate only rises, to \(Display.scientific(highest)) at the end, and never reaches its peak; lower "
      + "warm-up-epochs of train.schedule or raise train.epochs"
  }

  /// A schedule that waits for more evaluations than there are.
  private static func plateau(_ blueprint: Blueprint) -> String? {
    let schedule = blueprint.configuration.train.schedule
    let evaluations = StepCalendar(blueprint).evaluationsBeforeEnd
    guard let needed = schedule.rule.evaluationsToChange, evaluations <= needed else { return nil }
    return "the schedule \(schedule.alternative(.brief).name) cannot change the learning rate: that takes \(needed) "
      + "evaluations after the first, and the run has \(evaluations) before its end; lower patience of train.schedule "
      + "or evaluate.every-epochs"
  }

  /// A global batch that the training data does not fill.
  private static func batch(_ blueprint: Blueprint) -> String? {
    let (samples, batch) = (blueprint.dataset.train.count, blueprint.configuration.train.globalBatch)
    guard samples < batch else { return nil }
    return "the training data has \(Display.count(samples)) samples, fewer than the \(Display.count(batch)) of a "
      + "global batch: each step sees some of them more than once; lower train.global-batch"
  }
}

/// Losses that are given what they compute themselves.
package enum OutputWarnings {
  /// A sentence for the network's output and for each head whose last layer repeats a part of the loss.
  package static func sentences(for network: NetworkDescription, loss: Loss) -> [String] {
    let output = last(of: network.layers, below: "").flatMap { problem($0, before: loss) }
    let heads = network.layers.enumerated().flatMap { Self.heads(in: $1, path: $1.path(below: "", index: $0), loss) }
    return ([output].compactMap(\.self) + heads).map { "model \(network.name), \($0)" }
  }

  /// A layer and where it stands.
  private struct Place {
    let layer: Layer
    let path: String
  }

  private static func heads(in module: Module, path: String, _ loss: Loss) -> [String] {
    switch module.body {
    case .layer: return []
    case .sequential(let nodes), .branches(_, let nodes):
      return nodes.enumerated().flatMap { heads(in: $1, path: $1.path(below: path, index: $0), loss) }
    case .head(let head):
      let own = last(of: head.layers, below: path).flatMap { problem($0, before: head.loss ?? loss) }
      return [own].compactMap(\.self)
        + head.layers.enumerated().flatMap { heads(in: $1, path: $1.path(below: path, index: $0), loss) }
    }
  }

  /// The last layer that changes more than the place of numbers.
  private static func last(of nodes: [Module], below path: String) -> Place? {
    for (index, node) in nodes.enumerated().reversed() {
      let own = node.path(below: path, index: index)
      switch node.body {
      // The value passes a head unchanged.
      case .head: continue
      case .layer(let layer):
        if layer.keepsProbabilities { continue }
        return Place(layer: layer, path: own)
      case .sequential(let inner):
        if let found = last(of: inner, below: own) { return found }
      // Branches are merged into something new.
      case .branches: return nil
      }
    }
    return nil
  }

  /// What is wrong with a layer in front of a loss, or nil.
  private static func problem(_ place: Place, before loss: Loss) -> String? {
    let inner: String
    switch loss {
    case .crossEntropy: inner = "softmax"
    case .binaryCrossEntropy: inner = "sigmoid"
    default: return nil
    }
    switch place.layer {
    case .softmax, .activation(.sigmoid), .activation(.hardSigmoid): break
    default: return nil
    }
    return "layer '\(place.path)' (\(place.layer.kind)): \(loss.kind) has a \(inner) of its own and wants logits; "
      + "behind this layer they lie between 0 and 1, so that it learns slowly or not at all; remove the layer"
  }
}

extension Layer {
  /// Whether numbers between 0 and 1 stay such numbers: the layer only moves them, leaves some out, or averages them.
  fileprivate var keepsProbabilities: Bool {
    switch self {
    case .flatten, .identity, .reshape, .dropout, .spatialDropout, .stochasticDepth, .channelShuffle, .crop,
      .averagePooling, .adaptiveAveragePooling, .globalAveragePooling, .globalMaxPooling, .maxPooling, .upsampling:
      true
    default: false
    }
  }
}
