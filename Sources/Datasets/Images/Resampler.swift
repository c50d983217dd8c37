import Operators

/// Brings an image to a size: scales it so that it covers the size, then crops it at the centre.
///
/// Bilinear, with the triangle filter widened when shrinking, in a horizontal and then a vertical pass of 8-bit results
/// and 22-bit weights: the arithmetic of Pillow, so that pixels equal those that torchvision's transforms see.
struct Resampler {
  private static let precision = 22
  private let rows: [Taps]
  private let columns: [Taps]
  private let target: Extent

  /// The weights of one output row or column: they apply to the input from `first` on.
  private struct Taps {
    var first: Int
    var weights: [Int]
  }

  /// A resampler from images of `source` to images of `target`.
  init(from source: Extent, to target: Extent) {
    let covering = Self.covering(source, target)
    rows = Self.taps(from: source.height, to: covering.height, keep: target.height)
    columns = Self.taps(from: source.width, to: covering.width, keep: target.width)
    self.target = target
  }

  /// The smallest size in the proportions of `source` that covers `target`; the longer side is rounded down.
  static func covering(_ source: Extent, _ target: Extent) -> Extent {
    source.width * target.height <= source.height * target.width
      ? Extent(height: max(source.height * target.width / source.width, target.height), width: target.width)
      : Extent(height: target.height, width: max(source.width * target.height / source.height, target.width))
  }

  /// How many of `spare` positions lie before the middle ones: half of them, rounded half to even, as Python does.
  static func skipped(_ spare: Int) -> Int { spare % 4 == 3 ? spare / 2 + 1 : spare / 2 }

  /// The taps of the middle `keep` of the `output` positions.
  private static func taps(from input: Int, to output: Int, keep: Int) -> [Taps] {
    let scale = Double(input) / Double(output)
    let support = max(scale, 1)
    let skipped = skipped(output - keep)
    return (skipped..<skipped + keep).map { position in
      let centre = (Double(position) + 0.5) * scale
      let first = max(Int(centre - support + 0.5), 0)
      let end = min(Int(centre + support + 0.5), input)
      let weights = (first..<end).map { max(1 - abs((Double($0) - centre + 0.5) / support), 0) }
      let inverse = 1 / weights.reduce(0, +)
      return Taps(first: first, weights: weights.map { Int(0.5 + $0 * inverse * Double(1 << precision)) })
    }
  }

  /// The resampled image.
  func callAsFunction(_ image: DecodedImage) -> DecodedImage {
    let channels = image.shape.channels
    guard let top = rows.first?.first, let last = rows.last else { return image }
    // Only the input rows that some output row needs are filtered.
    let height = last.first + last.weights.count - top
    var narrow = [UInt8](repeating: 0, count: height * target.width * channels)
    for row in 0..<height {
      for (column, taps) in columns.enumerated() {
        for channel in 0..<channels {
          let start = ((top + row) * image.shape.width + taps.first) * channels + channel
          narrow[(row * target.width + column) * channels + channel] = Self.sum(taps, image.bytes, start, channels)
        }
      }
    }
    return vertical(narrow, top: top, channels: channels)
  }

  private func vertical(_ narrow: [UInt8], top: Int, channels: Int) -> DecodedImage {
    let line = target.width * channels
    var bytes = [UInt8](repeating: 0, count: target.height * line)
    for (row, taps) in rows.enumerated() {
      for place in 0..<line {
        bytes[row * line + place] = Self.sum(taps, narrow, (taps.first - top) * line + place, line)
      }
    }
    return DecodedImage(
      shape: Shape(channels: channels, height: target.height, width: target.width), bytes: bytes)
  }

  private static func sum(_ taps: Taps, _ bytes: [UInt8], _ start: Int, _ step: Int) -> UInt8 {
    var sum = 1 << (precision - 1)
    var place = start
    for weight in taps.weights {
      sum += Int(bytes[place]) * weight
      place += step
    }
    return UInt8(min(max(sum >> precision, 0), 255))
  }
}
