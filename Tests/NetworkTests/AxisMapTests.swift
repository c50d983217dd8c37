import Foundation
import Network
import Operators
import Randomness
import Reference
import TestSupport
import Testing

/// Means, interpolation and their transposes as matrices.
struct AxisMapTests {
  private typealias Matrix = [[Double]]

  private func matrix(_ map: AxisMap) -> Matrix {
    (0..<map.output).map { place in
      (0..<map.input).map { map.sources(of: place).contains($0) ? map.weight(of: $0, in: place) : 0 }
    }
  }

  /// The maps of all resampling layers in random models of the given kind, with their layers.
  private func maps(of kind: String) throws -> [(layer: any ResamplingLayer, map: AxisMap, axis: KeyPath<Extent, Int>)]
  {
    var maps: [(layer: any ResamplingLayer, map: AxisMap, axis: KeyPath<Extent, Int>)] = []
    for seed in UInt64(0)..<60 {
      let network = RandomModel.network(of: kind, seed: seed)
      let row = try #require(network.layerTable().first { $0.kind == kind })
      let layers = network.layers.compactMap { if case .layer(let layer) = $0.body { layer } else { nil } }
      let layer = try #require(layers.first { $0.kind == kind }?.record as? any ResamplingLayer)
      let resampling = layer.resampling(for: row.input)
      #expect(resampling.input == row.input && resampling.output == row.output)
      maps += [(layer, resampling.rows, \.height), (layer, resampling.columns, \.width)]
    }
    return maps
  }

  @Test(arguments: ["average-pool", "adaptive-average-pool", "gaussian-pool", "upsample"])
  func `a map that is transposed twice is itself`(kind: String) throws {
    for (_, map, _) in try maps(of: kind) {
      let plain = matrix(map)
      #expect(matrix(map.transposed) == (0..<map.input).map { source in plain.map { $0[source] } })
      #expect(matrix(map.transposed.transposed) == plain)
    }
  }

  @Test(arguments: ["adaptive-average-pool", "gaussian-pool", "upsample"])
  func `a map of constants is constant`(kind: String) throws {
    for (layer, map, _) in try maps(of: kind) {
      for row in matrix(map) {
        #expect(abs(row.reduce(0, +) - 1) < 1e-12, "\(layer)")
        #expect(row.allSatisfy { $0 >= 0 })
      }
    }
  }

  /// As PyTorch's `avg_pool2d`: taps in the rounded-up part beyond the padding never count.
  @Test
  func `an average counts its input, and the padding where that is asked for`() throws {
    for (layer, map, axis) in try maps(of: "average-pool") {
      let layer = try #require(layer as? AveragePoolingLayer)
      let (kernel, stride) = (layer.kernel[keyPath: axis], (layer.stride ?? layer.kernel)[keyPath: axis])
      let padding = layer.padding[keyPath: axis]
      for (place, row) in matrix(map).enumerated() {
        let taps = (0..<kernel).map { place * stride + $0 - padding }.filter { $0 < map.input + padding }
        let inside = taps.filter { (0..<map.input).contains($0) }
        let weight = 1 / Double(layer.includePadding ? taps.count : inside.count)
        #expect(row.indices.allSatisfy { row[$0] == (inside.contains($0) ? weight : 0) }, "\(layer)")
      }
    }
  }

  @Test
  func `distance-weighted means fall with the distance from the centre`() throws {
    for (layer, map, axis) in try maps(of: "gaussian-pool") {
      let layer = try #require(layer as? GaussianPoolingLayer)
      let (kernel, padding) = (layer.kernel[keyPath: axis], layer.padding[keyPath: axis])
      for (place, row) in matrix(map).enumerated() {
        let start = place * layer.stride[keyPath: axis] - padding
        let bells = (0..<map.input).map { source -> Double in
          let distance = Double(source - start) - Double(kernel - 1) / 2
          return abs(distance) < Double(kernel) / 2
            ? exp(-distance * distance / (2 * layer.deviation * layer.deviation)) : 0
        }
        let total = bells.reduce(0, +)
        #expect(zip(row, bells).allSatisfy { abs($0 - $1 / total) < 1e-12 }, "\(layer)")
      }
    }
  }

  /// PyTorch's rule: from ⌊i·M/O⌋ to ⌈(i + 1)·M/O⌉.
  @Test
  func `adaptive windows cover the axis`() {
    for input in 1...12 {
      for output in 1...12 {
        var layer = AdaptiveAveragePoolingLayer()
        layer.size = Extent(output)
        let map = layer.resampling(for: Shape(channels: 1, height: input, width: input)).rows
        let ratio = Double(input) / Double(output)
        let windows = (0..<output).map { map.sources(of: $0) }
        for (place, window) in windows.enumerated() {
          #expect(window.lowerBound == Int((Double(place) * ratio + 1e-9).rounded(.down)))
          #expect(window.upperBound == Int((Double(place + 1) * ratio - 1e-9).rounded(.up)))
        }
        #expect(Set(windows.joined()) == Set(0..<input))
      }
    }
  }
}

/// Interpolation against known values.
struct UpsamplingTests {
  /// `image`, given in rows, after upsampling by 2.
  private func doubled(_ image: [[Double]], _ adjust: (inout UpsamplingLayer) -> Void) -> [[Double]] {
    var layer = UpsamplingLayer()
    adjust(&layer)
    let map = layer.resampling(for: Shape(channels: 1, height: image.count, width: image[0].count))
    return (0..<map.rows.output).map { i in
      (0..<map.columns.output).map { j in
        map.rows.sources(of: i).reduce(0) { sum, u in
          sum
            + map.columns.sources(of: j).reduce(0) {
              $0 + map.rows.weight(of: u, in: i) * map.columns.weight(of: $1, in: j) * image[u][$1]
            }
        }
      }
    }
  }

  private func expectEqual(_ got: [[Double]], _ want: [[Double]]) {
    #expect(got.count == want.count)
    for (a, b) in zip(got.joined(), want.joined()) { #expect(abs(a - b) < 1e-12, "\(got)") }
  }

  @Test
  func `the examples of PyTorch's documentation`() {
    let image: [[Double]] = [[1, 2], [3, 4]]
    expectEqual(doubled(image) { _ in }, [[1, 1, 2, 2], [1, 1, 2, 2], [3, 3, 4, 4], [3, 3, 4, 4]])
    expectEqual(
      doubled(image) { $0.mode = .bilinear },
      [[1, 1.25, 1.75, 2], [1.5, 1.75, 2.25, 2.5], [2.5, 2.75, 3.25, 3.5], [3, 3.25, 3.75, 4]])
    let third = 1.0 / 3
    expectEqual(
      doubled(image) { layer in
        layer.mode = .bilinear
        layer.alignCorners = true
      },
      (0..<4).map { i in (0..<4).map { j in 1 + 2 * third * Double(i) + third * Double(j) } })
  }

  @Test
  func `a single pixel is repeated whatever the mode`() {
    for align in [false, true] {
      expectEqual(
        doubled([[5]]) { layer in
          layer.mode = .bilinear
          layer.alignCorners = align
        }, [[5, 5], [5, 5]])
    }
  }

  @Test
  func `aligned corners keep straight lines straight and the ends in place`() {
    for (input, scale) in [(2, 3), (5, 2), (7, 4)] {
      var layer = UpsamplingLayer()
      layer.scale = Extent(scale)
      layer.mode = .bilinear
      layer.alignCorners = true
      let map = layer.resampling(for: Shape(channels: 1, height: input, width: input)).rows
      let line = (0..<map.output).map { place in
        map.sources(of: place).reduce(0) { $0 + map.weight(of: $1, in: place) * Double($1) }
      }
      for (place, value) in line.enumerated() {
        #expect(abs(value - Double(place) * Double(input - 1) / Double(map.output - 1)) < 1e-12)
      }
    }
  }
}
