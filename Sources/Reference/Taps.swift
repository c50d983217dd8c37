import Operators

/// One kernel position at one output position: which input position it falls on. All three are row · width + column.
struct Tap {
  let kernel: Int
  let output: Int
  let input: Int
}

extension Window {
  /// All taps that fall on the input rather than on the padding, by kernel position, then by output position.
  var taps: [Tap] {
    let rows = Self.pairs(
      input: input.height, output: output.height, kernel: kernel.height, stride.height, padding.top, dilation.height)
    let columns = Self.pairs(
      input: input.width, output: output.width, kernel: kernel.width, stride.width, padding.left, dilation.width)
    return rows.flatMap { rowPairs in
      columns.flatMap { columnPairs in
        rowPairs.flatMap { row in
          columnPairs.map { column in
            Tap(
              kernel: row.kernel * kernel.width + column.kernel, output: row.output * output.width + column.output,
              input: row.input * input.width + column.input)
          }
        }
      }
    }
  }

  /// The taps along one axis, in one list per kernel position.
  private static func pairs(
    input: Int, output: Int, kernel: Int, _ stride: Int, _ padding: Int, _ dilation: Int
  ) -> [[Tap]] {
    (0..<kernel).map { tap in
      (0..<output).compactMap { place in
        let source = place * stride + tap * dilation - padding
        return (0..<input).contains(source) ? Tap(kernel: tap, output: place, input: source) : nil
      }
    }
  }
}
