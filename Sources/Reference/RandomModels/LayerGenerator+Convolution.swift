import Network
import Operators
import Randomness
import StrictYAML

/// Convolutions, their transposes, and fixed filters.
extension BodyGenerator {
  /// A convolution; its kernel may be larger than the image, its stride larger than the kernel.
  mutating func convolution() -> ConvolutionLayer {
    var layer = ConvolutionLayer()
    (layer.groups, layer.channels) = groupsAndChannels()
    layer.kernel = stream.extent(1...stream.pick([1, 3, 5]))
    layer.stride = stream.oneIn(2) ? Extent(1) : stream.extent(1...4)
    layer.padding = paddingRule()
    layer.dilation = stream.oneIn(2) ? Extent(1) : stream.extent(1...3)
    layer.bias = stream.oneIn(2)
    layer.initial = stream.initializer()
    return layer
  }

  /// A transposed convolution.
  mutating func transposedConvolution() -> TransposedConvolutionLayer {
    var layer = TransposedConvolutionLayer()
    (layer.groups, layer.channels) = groupsAndChannels()
    layer.kernel = stream.extent(1...stream.pick([1, 3, 4]))
    layer.stride = stream.oneIn(3) ? Extent(1) : stream.extent(1...3)
    layer.padding = padding(0...2)
    layer.outputPadding = Extent(
      height: stream.pick(0...layer.stride.height - 1), width: stream.pick(0...layer.stride.width - 1))
    layer.dilation = stream.oneIn(2) ? Extent(1) : stream.extent(1...2)
    layer.bias = stream.oneIn(2)
    layer.initial = stream.initializer()
    return layer
  }

  /// Groups that divide the channels, and a number of output channels that they divide.
  private mutating func groupsAndChannels() -> (ChannelGroups, channels: Int) {
    if shape.channels <= 6, stream.oneIn(4) { return (.depthwise, shape.channels * stream.pick(1...2)) }
    let divisors = (1...shape.channels).filter { shape.channels % $0 == 0 && $0 <= 6 }
    let groups = stream.oneIn(3) ? stream.pick(divisors) : 1
    return (.count(groups), groups * stream.pick(1...max(1, 6 / groups)))
  }

  private mutating func paddingRule() -> PaddingRule { stream.oneIn(4) ? .same : .fixed(padding(0...3)) }

  /// None, the same on all sides, on opposite sides, or different everywhere.
  mutating func padding(_ range: ClosedRange<Int>) -> Padding {
    switch stream.integer(below: 5) {
    case 0: return .none
    case 1: return Padding(Extent(stream.pick(range)))
    case 2: return Padding(stream.extent(range))
    default:
      let (first, last) = (stream.extent(range), stream.extent(range))
      return Padding(top: first.height, left: first.width, bottom: last.height, right: last.width)
    }
  }

  /// Fixed filters of any kind, as long as few channels come out.
  mutating func filter() -> FilterLayer {
    var layer = FilterLayer()
    layer.kernel = filterKernel()
    if layer.kernel.filters.count * shape.channels > 24 { layer.kernel = .laplacian }
    layer.stride = stream.oneIn(2) ? Extent(1) : stream.extent(1...3)
    layer.padding = paddingRule()
    layer.dilation = stream.oneIn(2) ? Extent(1) : stream.extent(1...2)
    return layer
  }

  private mutating func filterKernel() -> FilterKernel {
    switch stream.pick(FilterKernel.alternatives.map(\.name)) {
    case "laplacian": return .laplacian
    case "gaussian":
      var filter = GaussianFilter()
      (filter.size, filter.deviation) = (stream.pick([1, 3, 5]), stream.pick([0.5, 1, 2.5]))
      return .gaussian(filter)
    case "box":
      var filter = BoxFilter()
      filter.size = stream.pick(1...4)
      return .box(filter)
    case "kirsch": return .kirsch
    case "robinson": return .robinson
    case "prewitt": return .prewitt
    case "weights": return .weights(ownFilters())
    default: return .sobel
    }
  }

  private mutating func ownFilters() -> OwnFilters {
    var own = OwnFilters()
    let size = stream.extent(1...3)
    own.values = (0..<stream.pick(1...3)).map { _ in
      (0..<size.height).map { _ in (0..<size.width).map { _ in Float(stream.pick(-4...4)) / 4 } }
    }
    return own
  }
}
