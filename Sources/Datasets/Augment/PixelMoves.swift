import Operators

/// Movements of whole pixels; images are bytes [row][column][channel].
enum PixelMoves {
  /// Writes into `target` the window of `image` that starts `down` rows and `right` columns from its corner; zero where
  /// the window leaves the image.
  static func shift(_ image: [UInt8], into target: inout [UInt8], _ shape: Shape, down: Int, right: Int) {
    precondition(image.count == shape.count && target.count == shape.count)
    let line = shape.width * shape.channels
    let step = right * shape.channels
    let kept = max(-step, 0)..<max(min(line - step, line), max(-step, 0))
    // Rows are moved whole. They lie within the arrays, whose lengths are checked above.
    unsafe target.withUnsafeMutableBufferPointer { target in
      unsafe image.withUnsafeBufferPointer { image in
        for row in 0..<shape.height {
          let start = row * line
          unsafe target[start..<start + line].update(repeating: 0)
          guard (0..<shape.height).contains(row + down) else { continue }
          let source = (row + down) * line + step
          _ = unsafe target[start + kept.lowerBound..<start + kept.upperBound].update(
            fromContentsOf: image[source + kept.lowerBound..<source + kept.upperBound])
        }
      }
    }
  }

  /// Mirrors `image` left and right.
  static func flip(_ image: inout [UInt8], _ shape: Shape) {
    precondition(image.count == shape.count)
    for row in 0..<shape.height {
      for column in 0..<shape.width / 2 {
        let left = (row * shape.width + column) * shape.channels
        let right = (row * shape.width + shape.width - 1 - column) * shape.channels
        for channel in 0..<shape.channels { image.swapAt(left + channel, right + channel) }
      }
    }
  }
}
