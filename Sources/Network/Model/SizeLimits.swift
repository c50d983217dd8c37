import Operators

/// How large a layer may be. Far above what trains on CPUs, and low enough that no product or sum of sizes that is made
/// of a model file can overflow.
enum SizeLimits {
  /// Features of one sample between two layers.
  static let features = 1 << 28
  /// Pixels along one axis.
  static let side = 65_536
  /// Numbers in one parameter.
  static let parameter = 1 << 30
  /// Multiply-adds of one layer for one sample.
  static let multiplyAdds = 1 << 50
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
      return "its \(description.name) of \(sizes) is too large; the limit is \(parameter) numbers"
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
