import Checkpoints
import Configuration
import Interchange
import Network
import StrictYAML

/// The cases of a file of fixtures: models of one layer with what PyTorch computes for them in float64. See
/// `Tests/Fixtures/README.md`.
package struct FixtureFile: Sendable {
  /// The version of PyTorch that computed the cases.
  package let version: String
  /// The names of the cases.
  package let names: [String]
  private let path: String
  private let tensors: [String: [String: NamedTensor]]
  private let metadata: [String: String]

  /// Reads a file.
  package init(_ path: String) throws {
    let file = try SafeTensors.read(path)
    self.path = path
    metadata = file.metadata
    version = file.metadata["torch"] ?? "unknown"
    var cases: [String: [String: NamedTensor]] = [:]
    for (name, tensor) in file.tensors {
      let parts = name.split(separator: "/", maxSplits: 1)
      guard parts.count == 2 else { continue }
      cases[String(parts[0]), default: [:]][String(parts[1])] = tensor
    }
    tensors = cases
    names = cases.keys.sorted()
  }

  /// Runs one case with the engine and compares it with PyTorch.
  ///
  /// - Returns: the words of model files that the case is about, and the errors.
  package func compare(_ name: String) throws -> (words: Set<String>, errors: OperatorErrors) {
    let want = tensors[name, default: [:]]
    var step = DebugStep(
      try NetworkDescription(parsing: metadata["\(name).model"] ?? "", source: "\(path), \(name)", name: name))
    step.loss = try Configurations.loss(metadata["\(name).loss"] ?? "", source: "\(path), \(name)")
    step.imageGradient = true
    let weights = Dictionary(
      uniqueKeysWithValues: want.filter { $0.key.hasPrefix("weights/") }.map { ($0.dropFirst(8).description, $1) })
    let results = try step.results(batch: want, source: path, weights: (path, weights))
    let errors = errors(
      of: ModelTensors.byName(results.tensors + [results.evaluation]), want, scale: results.gradientScale)
    let isLoss = path.hasSuffix("losses.safetensors")
    return (isLoss ? step.lossWords : step.model.words, errors)
  }

  private func errors(
    of got: [String: NamedTensor], _ want: [String: NamedTensor], scale: Double
  ) -> OperatorErrors {
    var errors = OperatorErrors(cases: 1)
    let floor = OperatorErrors.smallest * scale
    for (key, tensor) in want {
      guard let (name, part) = Self.part(of: key) else { continue }
      let isGradient = part != .forward
      let error = OperatorErrors.distance(
        got[name]?.numbers ?? [], tensor.numbers.map(Double.init), floor: isGradient ? floor : 1e-3)
      switch part {
      case .forward: errors.forward = max(errors.forward, error)
      case .input: errors.input = error
      case .parameter: errors.widenParameters(error)
      }
    }
    return errors
  }

  private enum Part { case forward, input, parameter }

  /// The name that `debug step` gives to a tensor of the fixture, and what kind of result it is; nil for an input.
  private static func part(of key: String) -> (name: String, part: Part)? {
    switch key {
    case "output": return ("logits", .forward)
    case "loss": return ("loss", .forward)
    case "evaluation": return ("evaluation", .forward)
    case "grad/images": return ("grad.images", .input)
    default: break
    }
    guard let slash = key.firstIndex(of: "/") else { return nil }
    let name = key[key.index(after: slash)...]
    switch key[..<slash] {
    case "grad": return ("grad.\(name)", .parameter)
    case "head": return ("head.\(name)", .forward)
    case "running": return (String(name), .forward)
    default: return nil
    }
  }
}

extension NamedTensor {
  /// The numbers of a tensor of floats.
  fileprivate var numbers: [Float] { if case .float32(let values) = elements { values } else { [] } }
}

extension NetworkDescription {
  /// The kinds of the network's layers and merges.
  fileprivate var words: Set<String> { Set(layers.flatMap(\.words)) }
}

extension Module {
  /// The words of the node and of all nodes in it.
  fileprivate var words: [String] {
    switch body {
    case .layer(let layer): [layer.kind]
    case .sequential(let nodes): nodes.flatMap(\.words)
    case .branches(let merge, let nodes): [merge.rawValue] + nodes.flatMap(\.words)
    case .head(let head): ["head"] + head.layers.flatMap(\.words)
    }
  }

  /// The losses of heads in it.
  fileprivate var losses: [String] {
    switch body {
    case .layer: []
    case .sequential(let nodes): nodes.flatMap(\.losses)
    case .branches(_, let nodes): nodes.flatMap(\.losses)
    case .head(let head): ["head"] + (head.loss.map { [$0.kind] } ?? []) + head.layers.flatMap(\.losses)
    }
  }
}

extension DebugStep {
  /// The kinds of the step's losses.
  fileprivate var lossWords: Set<String> { Set([loss.kind] + model.layers.flatMap(\.losses)) }
}
