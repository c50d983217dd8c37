import Engine
import Interchange
import Network

/// A batch from a safetensors file, brought into the layout of the engine.
struct StepSamples {
  /// The number of samples.
  let count: Int
  private let images: [Float]
  private let labels: [Int32]
  private let samples: [UInt64]

  /// Reads the batch.
  ///
  /// - Throws: `RunError` if a tensor is missing or its shape does not fit the model.
  init(path: String, model: NetworkDescription) throws(RunError) {
    let file: SafeTensorsFile
    do { file = try SafeTensors.read(path) } catch { throw RunError.unusable(error) }
    let shape = [model.input.channels, model.input.height, model.input.width]
    guard let images = file.tensors["images"], case .float32(let pixels) = images.elements,
      images.shape.count == 4, Array(images.shape[1...]) == shape, images.shape[0] > 0
    else {
      throw RunError(
        .unusable,
        "\(path): needs a float32 tensor 'images' of shape [N, \(shape.map(String.init).joined(separator: ", "))]")
    }
    count = images.shape[0]
    guard let labels = file.tensors["labels"], case .int64(let classes) = labels.elements, labels.shape == [count]
    else {
      throw RunError(.unusable, "\(path): needs an int64 tensor 'labels' of shape [\(count)]")
    }
    self.images = Self.channelsLast(pixels, count: count, shape: model.input)
    self.labels = classes.map { Int32(clamping: $0) }
    self.samples = (0..<count).map(UInt64.init)
  }

  /// Throws if a label names no class.
  func checkLabels(classes: Int) throws(RunError) {
    for (index, label) in labels.enumerated() where !(0..<Int32(classes)).contains(label) {
      throw RunError(.unusable, "label \(index) is \(label), but the model has the classes 0 to \(classes - 1)")
    }
  }

  /// Hands the samples to an executor; they stay valid while `body` runs.
  func withMicroBatch<Result>(_ body: (MicroBatch) throws -> Result) rethrows -> Result {
    try unsafe images.withUnsafeBufferPointer { images in
      try unsafe labels.withUnsafeBufferPointer { labels in
        try unsafe samples.withUnsafeBufferPointer { samples in
          try unsafe body(MicroBatch(images: images, labels: labels, samples: samples, valid: count))
        }
      }
    }
  }

  private static func channelsLast(_ pixels: [Float], count: Int, shape: Shape) -> [Float] {
    var result = [Float](repeating: 0, count: pixels.count)
    for sample in 0..<count {
      let base = sample * shape.count
      for channel in 0..<shape.channels {
        for position in 0..<shape.positions {
          result[base + position * shape.channels + channel] = pixels[base + channel * shape.positions + position]
        }
      }
    }
    return result
  }
}
