import Network
import Operators
import Randomness

/// Poolings.
extension BodyGenerator {
  /// A pooling of the given kind.
  mutating func pooling(_ kind: String) -> Layer {
    switch kind {
    case "max-pool": .maxPooling(maxPooling())
    case "average-pool": .averagePooling(averagePooling())
    case "adaptive-average-pool": .adaptiveAveragePooling(adaptivePooling())
    case "lp-pool": .powerPooling(powerPooling())
    case "gaussian-pool": .gaussianPooling(gaussianPooling())
    case "global-average-pool": .globalAveragePooling(GlobalAveragePoolingLayer())
    case "global-max-pool": .globalMaxPooling(GlobalMaxPoolingLayer())
    default: preconditionFailure("the generator does not know the pooling '\(kind)'")
    }
  }

  private mutating func kernel() -> Extent { stream.extent(1...stream.pick([2, 3, 5])) }

  private mutating func stride() -> Extent? { stream.oneIn(2) ? nil : stream.extent(1...4) }

  private mutating func padding(upToHalf kernel: Extent) -> Extent {
    Extent(height: stream.pick(0...kernel.height / 2), width: stream.pick(0...kernel.width / 2))
  }

  private mutating func maxPooling() -> MaxPoolingLayer {
    var layer = MaxPoolingLayer()
    layer.kernel = kernel()
    layer.stride = stride()
    layer.padding = padding(upToHalf: layer.kernel)
    layer.dilation = stream.oneIn(3) ? stream.extent(1...3) : Extent(1)
    layer.ceil = stream.oneIn(2)
    return layer
  }

  private mutating func averagePooling() -> AveragePoolingLayer {
    var layer = AveragePoolingLayer()
    layer.kernel = kernel()
    layer.stride = stride()
    layer.padding = padding(upToHalf: layer.kernel)
    layer.includePadding = stream.oneIn(2)
    layer.ceil = stream.oneIn(2)
    return layer
  }

  private mutating func adaptivePooling() -> AdaptiveAveragePoolingLayer {
    var layer = AdaptiveAveragePoolingLayer()
    layer.size = stream.extent(1...5)
    return layer
  }

  private mutating func powerPooling() -> PowerPoolingLayer {
    var layer = PowerPoolingLayer()
    layer.kernel = kernel()
    layer.stride = stride()
    layer.exponent = stream.pick([1, 2, 3.5])
    layer.ceil = stream.oneIn(2)
    return layer
  }

  private mutating func gaussianPooling() -> GaussianPoolingLayer {
    var layer = GaussianPoolingLayer()
    layer.kernel = kernel()
    layer.stride = stride() ?? layer.kernel
    layer.padding = padding(upToHalf: layer.kernel)
    layer.deviation = stream.pick([0.5, 1, 2])
    return layer
  }
}
