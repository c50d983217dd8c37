package import Operators
package import Planner

/// A convolution that models compute: its shape, the micro-batch, and where it occurs.
package struct ConvolutionSubject: Hashable, Sendable {
  /// The shape.
  package let geometry: ConvolutionGeometry
  /// Samples of a micro-batch.
  package let batch: Int
  /// The passes that a training step needs, in the order of `ConvolutionPass`: not that to the data for a first layer.
  package private(set) var passes: [ConvolutionPass] = []
  /// The layers that have it, as "model path".
  package private(set) var layers: [String] = []

  /// All convolutions of a training step, each shape once, in the order of the program. Transposed convolutions count
  /// as the convolution whose transpose they are.
  package static func all(in plan: StepPlan, of model: String) -> [ConvolutionSubject] {
    var subjects: [ConvolutionSubject] = []
    var places: [ConvolutionGeometry: Int] = [:]
    for instruction in plan.training.instructions {
      guard let work = instruction.operation.convolution else { continue }
      let place = places[work.geometry] ?? subjects.count
      if place == subjects.count {
        places[work.geometry] = place
        subjects.append(ConvolutionSubject(geometry: work.geometry, batch: plan.training.batch))
      }
      subjects[place].include(work.pass, layer: "\(model) \(instruction.path)")
    }
    return subjects
  }

  /// The subjects of several models, equal ones once.
  package static func merged(_ lists: [[ConvolutionSubject]]) -> [ConvolutionSubject] {
    struct Shape: Hashable {
      let geometry: ConvolutionGeometry
      let batch: Int
    }
    var subjects: [ConvolutionSubject] = []
    var places: [Shape: Int] = [:]
    for subject in lists.joined() {
      let shape = Shape(geometry: subject.geometry, batch: subject.batch)
      guard let place = places[shape] else {
        places[shape] = subjects.count
        subjects.append(subject)
        continue
      }
      for layer in subject.layers {
        for pass in subject.passes { subjects[place].include(pass, layer: layer) }
      }
    }
    return subjects
  }

  private init(geometry: ConvolutionGeometry, batch: Int) {
    self.geometry = geometry
    self.batch = batch
  }

  private mutating func include(_ pass: ConvolutionPass, layer: String) {
    passes = ConvolutionPass.allCases.filter { $0 == pass || passes.contains($0) }
    if !layers.contains(layer) { layers.append(layer) }
  }

  /// The shape in words: "64×32×32 → 128, 3×3 / 2, padding 1".
  package var title: String {
    let window = geometry.window
    let stride = window.stride == Extent(1) ? "" : " / \(window.stride)"
    let padding = window.padding == .none ? "" : ", padding \(window.padding)"
    let dilation = window.dilation == Extent(1) ? "" : ", dilation \(window.dilation)"
    let groups = geometry.groups == 1 ? "" : ", \(geometry.groups) groups"
    return "\(geometry.input) → \(geometry.outputChannels), \(window.kernel.height)×\(window.kernel.width)"
      + stride + padding + dilation + groups
  }
}

extension ConvolutionPass {
  /// The word for the pass in tables.
  package var name: String {
    switch self {
    case .forward: "forward"
    case .backwardData: "backward data"
    case .backwardWeights: "backward weights"
    }
  }
}
