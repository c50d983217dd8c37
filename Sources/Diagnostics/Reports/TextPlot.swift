import Foundation

/// A curve in characters.
package struct TextPlot {
  private let values: [Double]
  private let lowest: Double
  private let highest: Double

  /// The curve through values at equal distances; its lowest line stands for `lowest`.
  package init(_ values: [Double], from lowest: Double) {
    self.values = values
    self.lowest = lowest
    highest = values.max() ?? lowest
  }

  /// The curve in so many columns and lines, of which the axes and labels are some.
  package func lines(width: Int, height: Int) -> [String] {
    let labels = (0..<height).map { label(line: $0, height: height) }
    let margin = labels.map(\.count).max() ?? 0
    let columns = max(1, min(values.count, width - margin - 2))
    let spans = (0..<columns).map { span(column: $0, of: columns, height: height) }
    let body = (0..<height).map { line in
      let points = spans.map { $0.contains(height - 1 - line) ? "*" : " " }.joined()
      return String(repeating: " ", count: margin - labels[line].count) + labels[line] + " |" + points
    }
    let axis = String(repeating: " ", count: margin + 1) + "+" + String(repeating: "-", count: columns)
    return body.map { String($0.reversed().drop { $0 == " " }.reversed()) } + [axis]
  }

  /// The highest, the middle and the lowest line have a label.
  private func label(line: Int, height: Int) -> String {
    guard [0, height / 2, height - 1].contains(line) else { return "" }
    let part = Double(height - 1 - line) / Double(max(1, height - 1))
    return String(format: "%.3g", lowest + part * (highest - lowest))
  }

  /// The lines that the curve passes in a column, counted from below.
  private func span(column: Int, of columns: Int, height: Int) -> ClosedRange<Int> {
    let (start, end) = (column * values.count / columns, (column + 1) * values.count / columns)
    let levels = values[start..<end].map { level($0, height: height) }
    return (levels.min() ?? 0)...(levels.max() ?? 0)
  }

  private func level(_ value: Double, height: Int) -> Int {
    guard highest > lowest else { return height - 1 }
    let part = min(1, max(0, (value - lowest) / (highest - lowest)))
    return Int((part * Double(height - 1)).rounded())
  }
}

/// Where a curve turns: its ends, where it begins to rise, to fall or to stay, and its corners.
package enum TurningPoints {
  /// The indices of the turning points, rising.
  package static func indices(of values: [Double]) -> [Int] {
    guard values.count > 2 else { return Array(values.indices) }
    let size = values.map(abs).max() ?? 0
    let slopes = zip(values.dropFirst(), values).map { $0 - $1 }
    let directions = slopes.map { abs($0) <= 1e-12 * size ? 0 : $0 > 0 ? 1 : -1 }
    let bends = [0] + zip(slopes.dropFirst(), slopes).map { abs($0 - $1) } + [0]
    let inner = (1..<values.count - 1).filter { index in
      directions[index - 1] != directions[index] || isCorner(bends, index, floor: 1e-9 * size)
    }
    return [0] + inner + [values.count - 1]
  }

  /// Whether a bend stands out; those of a smooth curve are alike. The bend of a corner between two values shows at
  /// both.
  private static func isCorner(_ bends: [Double], _ index: Int, floor: Double) -> Bool {
    let around = [index - 2, index + 2].filter(bends.indices.contains).map { bends[$0] }
    return bends[index] > bends[index - 1] && bends[index] >= bends[index + 1]
      && bends[index] > 10 * max(floor, around.max() ?? 0)
  }
}
