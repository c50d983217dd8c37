import Kernels
import Operators

/// A convolution with data, as kernels see it and as plain loops in double precision.
struct ConvolutionCase: Sendable, CustomStringConvertible {
  var geometry: ConvolutionGeometry
  var batch: Int
  var x: [Float]
  var weights: [Float]
  var bias: [Float]
  var dy: [Float]

  init(_ geometry: ConvolutionGeometry, batch: Int, seed: UInt64) {
    var dice = Dice(seed)
    self.geometry = geometry
    self.batch = batch
    x = dice.floats(batch * geometry.input.count)
    weights = dice.floats(geometry.weightCount)
    bias = dice.floats(geometry.outputChannels)
    dy = dice.floats(batch * geometry.output.count)
  }

  /// A random geometry that has an output.
  static func random(_ seed: UInt64) -> ConvolutionCase {
    var dice = Dice(seed)
    while true {
      let groups = dice.integer(1...3) == 1 ? dice.integer(2...4) : 1
      let geometry = ConvolutionGeometry(
        window: randomWindow(&dice), inputChannels: groups * dice.integer(1...9),
        outputChannels: groups * dice.integer(1...9), groups: groups)
      if geometry.window.output.count > 0 {
        return ConvolutionCase(geometry, batch: dice.integer(1...3), seed: seed &+ 1000)
      }
    }
  }

  /// A random geometry that Winograd's algorithm fits.
  static func randomWinograd(_ seed: UInt64) -> ConvolutionCase {
    var dice = Dice(seed)
    while true {
      let window = Window(
        input: Extent(height: dice.integer(1...13), width: dice.integer(1...13)), kernel: Extent(3),
        padding: Padding(
          top: dice.integer(0...2), left: dice.integer(0...2), bottom: dice.integer(0...2),
          right: dice.integer(0...2)))
      let geometry = ConvolutionGeometry(
        window: window, inputChannels: 16 * dice.integer(1...4), outputChannels: 16 * dice.integer(1...4))
      if window.output.count > 0 { return ConvolutionCase(geometry, batch: dice.integer(1...3), seed: seed &+ 1000) }
    }
  }

  /// A random geometry of one group without dilation.
  static func randomDirect(_ seed: UInt64) -> ConvolutionCase {
    var dice = Dice(seed)
    while true {
      var window = randomWindow(&dice)
      window.dilation = Extent(1)
      if dice.integer(1...2) == 1 { window.stride = Extent(1) }
      let geometry = ConvolutionGeometry(
        window: window, inputChannels: dice.integer(1...20), outputChannels: dice.integer(1...40))
      if window.output.count > 0 { return ConvolutionCase(geometry, batch: dice.integer(1...3), seed: seed &+ 1000) }
    }
  }

  /// Whether an algorithm has an input gradient for this geometry.
  func isBackward(_ algorithm: ConvolutionAlgorithm) -> Bool {
    guard case .direct = algorithm else { return true }
    return geometry.isDirectBackward
  }

  /// A random geometry with as many groups as channels.
  static func randomDepthwise(_ seed: UInt64) -> ConvolutionCase {
    var dice = Dice(seed)
    while true {
      let channels = dice.integer(2...75)
      let geometry = ConvolutionGeometry(
        window: randomWindow(&dice), inputChannels: channels, outputChannels: channels, groups: channels)
      if geometry.window.output.count > 0 {
        return ConvolutionCase(geometry, batch: dice.integer(1...3), seed: seed &+ 1000)
      }
    }
  }

  var description: String {
    let w = geometry.window
    return "\(batch)×\(geometry.input) -> \(geometry.output), kernel \(w.kernel), stride \(w.stride), "
      + "padding \(w.padding), dilation \(w.dilation), groups \(geometry.groups)"
  }

  var pixels: Int { batch * geometry.window.output.count }

  /// The algorithm for blocks of so many pixels.
  func blocks(of pixels: Int) -> ConvolutionAlgorithm { geometry.isPointwise ? .pointwise : .columns(pixels: pixels) }

  func forward(_ algorithm: ConvolutionAlgorithm) -> [Float] {
    written(dy.count) { y in
      withScratch(algorithm.scratchCount(.forward, geometry)) { scratch in
        Convolution.forward(
          geometry, algorithm, batch: batch, x: x.span, weights: weights.span, bias: bias.span, y: &y,
          scratch: &scratch)
      }
    }
  }

  func backwardData(_ algorithm: ConvolutionAlgorithm) -> [Float] {
    written(x.count) { dx in
      withScratch(algorithm.scratchCount(.backwardData, geometry)) { scratch in
        Convolution.backwardData(
          geometry, algorithm, batch: batch, dy: dy.span, weights: weights.span, dx: &dx, scratch: &scratch)
      }
    }
  }

  func backwardWeights(_ algorithm: ConvolutionAlgorithm) -> (weights: [Float], bias: [Float]) {
    var dBias: [Float] = []
    let dWeights = written(weights.count) { dWeights in
      dBias = written(bias.count) { dBias in
        withScratch(algorithm.scratchCount(.backwardWeights, geometry)) { scratch in
          Convolution.backwardWeights(
            geometry, algorithm, batch: batch, x: x.span, dy: dy.span, dWeights: &dWeights, dBias: &dBias,
            scratch: &scratch)
        }
      }
    }
    return (dWeights, dBias)
  }

  /// All results in one array.
  func all(_ algorithm: ConvolutionAlgorithm) -> [Float] {
    let gradients = backwardWeights(algorithm)
    return forward(algorithm) + backwardData(algorithm) + gradients.weights + gradients.bias
  }

  private func withScratch(_ count: Int, _ body: (inout MutableSpan<Float>) -> Void) { _ = written(count, body) }

  /// Calls `body` with the indices of every x, weight and y that meet, by the definition of convolution.
  func forEachProduct(_ body: (_ x: Int, _ weight: Int, _ y: Int) -> Void) {
    let g = geometry
    let inputs = g.inputChannels / g.groups
    for pixel in 0..<pixels {
      for tap in 0..<g.window.kernel.count {
        guard let position = inputPosition(g.window, pixel: pixel, tap: tap) else { continue }
        for output in 0..<g.outputChannels {
          let firstInput = output / (g.outputChannels / g.groups) * inputs
          for input in 0..<inputs {
            body(
              position * g.inputChannels + firstInput + input, output * g.rowCount + tap * inputs + input,
              pixel * g.outputChannels + output)
          }
        }
      }
    }
  }
}

/// A small random window; it may have no output.
func randomWindow(_ dice: inout Dice) -> Window {
  let d = { (dice: inout Dice) in dice.integer(1...4) == 1 ? 2 : 1 }
  return Window(
    input: Extent(height: dice.integer(1...9), width: dice.integer(1...9)),
    kernel: Extent(height: dice.integer(1...5), width: dice.integer(1...5)),
    stride: Extent(height: dice.integer(1...3), width: dice.integer(1...3)),
    padding: Padding(
      top: dice.integer(0...2), left: dice.integer(0...2), bottom: dice.integer(0...2), right: dice.integer(0...2)),
    dilation: Extent(height: d(&dice), width: d(&dice)))
}

/// The flattened (sample, row, column) of the input under a tap of the window of a flattened output pixel; nil in the
/// padding.
func inputPosition(_ window: Window, pixel: Int, tap: Int) -> Int? {
  let (output, input, kernel) = (window.output, window.input, window.kernel)
  let sample = pixel / output.count
  let row =
    pixel % output.count / output.width * window.stride.height - window.padding.top
    + tap / kernel.width * window.dilation.height
  let column =
    pixel % output.width * window.stride.width - window.padding.left
    + tap % kernel.width * window.dilation.width
  guard (0..<input.height).contains(row), (0..<input.width).contains(column) else { return nil }
  return (sample * input.height + row) * input.width + column
}
