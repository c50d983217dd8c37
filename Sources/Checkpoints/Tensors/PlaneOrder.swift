package import Operators

/// Between the order of files, [sample][channel][row][column], and that of memory, [sample][row][column][channel].
package enum PlaneOrder {
  /// From the order of files to that of memory.
  package static func channelsLast(_ values: [Float], samples: Int, shape: Shape) -> [Float] {
    exchanged(values, samples: samples, rows: shape.channels, columns: shape.positions)
  }

  /// From the order of memory to that of files.
  package static func channelsFirst(_ values: [Float], samples: Int, shape: Shape) -> [Float] {
    exchanged(values, samples: samples, rows: shape.positions, columns: shape.channels)
  }

  /// The shape that files give to samples of `shape`: [N, features] for vectors, else [N, C, H, W].
  package static func shape(_ shape: Shape, samples: Int) -> [Int] {
    shape.isVector ? [samples, shape.channels] : [samples, shape.channels, shape.height, shape.width]
  }

  private static func exchanged(_ values: [Float], samples: Int, rows: Int, columns: Int) -> [Float] {
    var result = [Float](repeating: 0, count: values.count)
    for sample in 0..<samples {
      let base = sample * rows * columns
      for row in 0..<rows {
        for column in 0..<columns { result[base + column * rows + row] = values[base + row * columns + column] }
      }
    }
    return result
  }
}
