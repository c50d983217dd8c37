import Checkpoints
import Engine
import Interchange
import Network
import Operators
import Planner
import Training

/// Brings a batch of named tensors into the layout of the engine.
struct StepSamples {
  /// The number of samples.
  let count: Int
  private let source: String
  private let tensors: [String: NamedTensor]
  /// The samples; labels and targets are there after `readAnswers`.
  private(set) var samples: SampleBatch

  /// Takes the images.
  ///
  /// - Parameters:
  ///   - tensors: the tensors of the batch by name.
  ///   - source: the file that they come from, for messages.
  /// - Throws: `RunError` if the images are missing or their shape does not fit the model.
  init(_ tensors: [String: NamedTensor], source: String, model: NetworkDescription) throws(RunError) {
    let shape = [model.input.channels, model.input.height, model.input.width]
    guard let images = tensors["images"], case .float32(let pixels) = images.elements,
      images.shape.count == 4, Array(images.shape[1...]) == shape, images.shape[0] > 0
    else {
      throw RunError(
        .unusable,
        "\(source): needs a float32 tensor 'images' of shape [N, \(shape.map(String.init).joined(separator: ", "))]")
    }
    self.source = source
    self.tensors = tensors
    self.count = images.shape[0]
    self.samples = SampleBatch(
      images: PlaneOrder.channelsLast(pixels, samples: images.shape[0], shape: model.input),
      labels: Array(repeating: 0, count: images.shape[0]), ids: (0..<images.shape[0]).map(UInt64.init))
  }

  /// Takes the labels and the dense targets that the program's losses read.
  ///
  /// - Throws: `RunError` if one is missing, has another shape, or a label names no class.
  mutating func readAnswers(for program: Program) throws(RunError) {
    if let extent = program.labels { samples.labels = try readLabels(extent, program) }
    for wanted in program.targets {
      let shape = PlaneOrder.shape(wanted.shape, samples: count)
      guard let tensor = tensors[wanted.name], tensor.shape == shape, case .float32(let values) = tensor.elements
      else {
        throw RunError(.unusable, "\(source): the loss needs a float32 tensor '\(wanted.name)' of shape \(shape)")
      }
      samples.targets.append(PlaneOrder.channelsLast(values, samples: count, shape: wanted.shape))
    }
  }

  private func readLabels(_ extent: Extent, _ program: Program) throws(RunError) -> [Int32] {
    let shape = extent == Extent(1) ? [count] : [count, extent.height, extent.width]
    guard let labels = tensors["labels"], case .int64(let classes) = labels.elements, labels.shape == shape
    else {
      throw RunError(.unusable, "\(source): needs an int64 tensor 'labels' of shape \(shape)")
    }
    let limit = program.classes ?? Int(Int32.max)
    for (index, label) in classes.enumerated() where !(0..<Int64(limit)).contains(label) {
      throw RunError(
        .unusable, "\(source): label \(index) is \(label), but the model has the classes 0 to \(limit - 1)")
    }
    return classes.map { Int32(clamping: $0) }
  }
}
