import Operators

/// Bounds of values in model files, so that a product of sizes cannot overflow, and no value becomes zero or infinite
/// in single precision.
enum Limits {
  /// Channels, features, groups.
  static let width: @Sendable (Int) -> String? = { (1...1_048_576).contains($0) ? nil : "must be from 1 to 1048576" }
  /// Values that must not be zero: epsilons, stds of initial weights, exponents, margins.
  static let positive: @Sendable (Double) -> String? = {
    (1e-30...1e30).contains($0) ? nil : "must be from 1e-30 to 1e30"
  }
  /// Values that may be zero: factors of losses and sums.
  static let factor: @Sendable (Double) -> String? = { (0...1e30).contains($0) ? nil : "must be from 0 to 1e30" }
  /// Probabilities of dropping something; what is left is divided by 1 − rate.
  static let rate: @Sendable (Double) -> String? = {
    $0 >= 0 && Float($0) < 1 ? nil : "must be at least 0 and below 1"
  }
  /// Stds in pixels: so wide that a weight half a pixel from the centre is not zero.
  static let pixels: @Sendable (Double) -> String? = {
    (0.05...65_536).contains($0) ? nil : "must be from 0.05 to 65536"
  }
  /// Steps between windows, if they are given: at least one position.
  static let stride: @Sendable (Extent?) -> String? = { $0.flatMap(Extent.atLeast(1)) }

  /// What is wrong with a padding on both sides of a window.
  static func padding(_ padding: Extent, kernel: Extent) -> String? {
    let fits =
      padding.height >= 0 && padding.width >= 0 && padding.height <= kernel.height / 2
      && padding.width <= kernel.width / 2
    return fits ? nil : "padding (\(padding)) must be at least 0 and at most half the kernel (\(kernel))"
  }
}

/// How large a layer may be. Far above what trains on CPUs, and low enough that no product or sum of sizes that is made
/// of a model file can overflow.
extension Limits {
  /// Features of one sample between two layers.
  static let features = 1 << 28
  /// Pixels along one axis.
  static let side = 65_536
  /// Elements in one parameter.
  static let parameter = 1 << 30
  /// Multiply-adds of one layer for one sample.
  static let multiplyAdds = 1 << 50
  /// Weights of a map along one axis.
  static let mapWeights = 1 << 24
  /// Pixels of a receptive field or of the distance between two, along one axis.
  static let field = 1 << 30

  /// What is too large about features of the given shape, or nil.
  static func problem(with shape: Shape) -> String? {
    guard product([shape.channels, shape.height, shape.width], upTo: features) else {
      return "\(shape) are too many features for one sample; the limit is \(features)"
    }
    return max(shape.height, shape.width) <= side ? nil : "\(shape) is higher or wider than \(side) pixels"
  }

  /// What is too large about a layer between the given shapes, or nil.
  static func problem(with layer: any LayerDescription, input: Shape, output: Shape) -> String? {
    if let problem = problem(with: output) { return "its output is too large: \(problem)" }
    for description in layer.parameters(for: input) where !product(description.shape, upTo: parameter) {
      let sizes = description.shape.map(String.init).joined(separator: "×")
      return "its \(description.name) of \(sizes) is too large; the limit is \(parameter) elements"
    }
    return layer.multiplyAdds(for: input) <= multiplyAdds
      ? nil : "it takes more than 2^50 multiply-adds for one sample (\(input) to \(output)); make it smaller"
  }

  private static func product(_ factors: [Int], upTo limit: Int) -> Bool {
    var product = 1
    for factor in factors {
      let (next, overflow) = product.multipliedReportingOverflow(by: factor)
      guard !overflow, next <= limit else { return false }
      product = next
    }
    return true
  }
}
