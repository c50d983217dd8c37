import Foundation

/// A linear map along one axis: each output position is a weighted sum of a run of neighbouring input positions.
///
/// Two of them, one per axis, describe every separable and fixed map of images: means over windows, adaptive means,
/// distance-weighted means, and interpolation. The transpose is a map of the same kind, so that what computes the
/// forward pass computes the backward pass too.
package struct AxisMap: Hashable, Sendable {
  /// Positions that go in.
  package let input: Int
  /// The first input position of each output position.
  package let starts: [Int]
  /// Where the weights of each output position begin in `weights`, and their end: one more than there are outputs.
  package let offsets: [Int]
  /// The weights of all output positions, one run after the other.
  package let weights: [Double]

  /// Positions that come out.
  package var output: Int { starts.count }

  /// A map from one run per output position: the first input position and the weights from there on.
  package init(input: Int, runs: [(start: Int, weights: [Double])]) {
    self.input = input
    self.starts = runs.map(\.start)
    self.weights = runs.flatMap(\.weights)
    var offsets = [0]
    for run in runs { offsets.append(offsets[offsets.count - 1] + run.weights.count) }
    self.offsets = offsets
    precondition(runs.allSatisfy { $0.start >= 0 && $0.start + $0.weights.count <= input }, "a run leaves the axis")
  }

  /// The input positions of one output position.
  package func sources(of position: Int) -> Range<Int> {
    starts[position]..<starts[position] + offsets[position + 1] - offsets[position]
  }

  /// The weight of `source` in the sum of `position`.
  package func weight(of source: Int, in position: Int) -> Double {
    weights[offsets[position] + source - starts[position]]
  }

  /// The map with input and output exchanged: the weight of u in the sum of i becomes that of i in the sum of u.
  package var transposed: AxisMap {
    var bounds = [ClosedRange<Int>?](repeating: nil, count: input)
    for position in starts.indices {
      for source in sources(of: position) { bounds[source] = (bounds[source]?.lowerBound ?? position)...position }
    }
    return AxisMap(
      input: output,
      runs: bounds.enumerated().map { source, positions in
        guard let positions else { return (0, []) }
        return (
          positions.lowerBound,
          positions.map { sources(of: $0).contains(source) ? weight(of: source, in: $0) : 0 }
        )
      })
  }
}

/// Where the maps come from.
extension AxisMap {
  /// One axis of a window, with `padding` in front of the input.
  package struct Axis {
    /// Positions of the input.
    var input: Int
    /// Positions of the output.
    var output: Int
    /// Taps of the window.
    var kernel: Int
    /// Positions from one window to the next.
    var stride: Int
    /// Positions in front of the input.
    var padding: Int

    /// The taps of the window at `position` that fall on the input, as indices in the window.
    func taps(at position: Int) -> Range<Int> {
      let start = position * stride - padding
      return max(0, -start)..<max(max(0, -start), min(kernel, input - start))
    }

    /// A map that weights each tap on the input by `weights(position, taps)`.
    func map(_ weights: (_ position: Int, _ taps: Range<Int>) -> [Double]) -> AxisMap {
      AxisMap(
        input: input,
        runs: (0..<output).map { position in
          let taps = taps(at: position)
          return taps.isEmpty ? (0, []) : (position * stride - padding + taps.lowerBound, weights(position, taps))
        })
    }
  }

  /// Means over windows.
  ///
  /// - Parameters:
  ///   - axis: the window.
  ///   - end: where the padding that counts ends, in input positions; nil if padding does not count in the mean.
  package static func mean(_ axis: Axis, paddedEnd end: Int?) -> AxisMap {
    axis.map { position, taps in
      let start = position * axis.stride - axis.padding
      let count = end.map { min(start + axis.kernel, $0) - start } ?? taps.count
      return taps.map { _ in 1 / Double(count) }
    }
  }

  /// Means weighted by exp(−d²/(2σ²)), d being the distance from the window's centre; padding does not count.
  package static func gaussianMean(_ axis: Axis, deviation: Double) -> AxisMap {
    axis.map { _, taps in
      let centre = Double(axis.kernel - 1) / 2
      let weights = taps.map { tap in bell(Double(tap) - centre, deviation: deviation) }
      let total = weights.reduce(0, +)
      return weights.map { $0 / total }
    }
  }

  /// Means over `output` windows that share the input as evenly as whole positions can: ⌊i·M/O⌋ ..< ⌈(i + 1)·M/O⌉.
  package static func adaptiveMean(input: Int, output: Int) -> AxisMap {
    AxisMap(
      input: input,
      runs: (0..<output).map { position in
        let start = position * input / output
        let end = ((position + 1) * input + output - 1) / output
        return (start, (start..<end).map { _ in 1 / Double(end - start) })
      })
  }

  /// Each output position takes the input position ⌊i·M/O⌋.
  package static func nearest(input: Int, output: Int) -> AxisMap {
    AxisMap(input: input, runs: (0..<output).map { ($0 * input / output, [1]) })
  }

  /// Linear interpolation. Positions are pixels of width 1, so the output's centre i + ½ falls on (i + ½)·M/O − ½; with
  /// `alignCorners` they are points, and the first and last points of both sides fall on each other.
  package static func linear(input: Int, output: Int, alignCorners: Bool) -> AxisMap {
    AxisMap(
      input: input,
      runs: (0..<output).map { position in
        let source =
          alignCorners
          ? (output > 1 ? Double(position) * Double(input - 1) / Double(output - 1) : 0)
          : max(0, (Double(position) + 0.5) * Double(input) / Double(output) - 0.5)
        let start = min(Int(source), input - 1)
        let fraction = source - Double(start)
        return start + 1 < input ? (start, [1 - fraction, fraction]) : (start, [1])
      })
  }
}

/// exp(−d²/(2σ²)): a Gaussian of height 1.
package func bell(_ distance: Double, deviation: Double) -> Double {
  exp(-distance * distance / (2 * deviation * deviation))
}

/// A fixed separable map of each channel: y[i, j] = Σ rows[i, u] · columns[j, v] · x[u, v].
package struct Resampling: Hashable, Sendable {
  /// The map along the vertical axis.
  package var rows: AxisMap
  /// The map along the horizontal axis.
  package var columns: AxisMap
  /// Channels, each mapped alone.
  package var channels: Int

  /// A map of `channels` channels.
  package init(rows: AxisMap, columns: AxisMap, channels: Int) {
    self.rows = rows
    self.columns = columns
    self.channels = channels
  }

  /// The map of the gradients: input and output exchanged.
  package var transposed: Resampling {
    Resampling(rows: rows.transposed, columns: columns.transposed, channels: channels)
  }

  /// The shape of one input sample.
  package var input: Shape { Shape(channels: channels, height: rows.input, width: columns.input) }

  /// The shape of one output sample.
  package var output: Shape { Shape(channels: channels, height: rows.output, width: columns.output) }
}
