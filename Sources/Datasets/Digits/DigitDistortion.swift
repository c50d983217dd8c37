import Randomness

/// A random map from the unit square of the skeletons to the pixels of a canvas: a smooth displacement, then an affine
/// map. Only sums, products and quotients occur, so it has the same bits on every machine.
struct DigitDistortion {
  private static let knots = 4
  private static let displacement = 0.09
  private static let heightInPixels = 19.0

  private let field: [Point]
  private let columnOfX: Point
  private let columnOfY: Point
  private let centre: Point

  /// Draws the map's parameters from `random`.
  init(canvas: Int, random: inout RandomStream) {
    field = (0..<(Self.knots * Self.knots)).map { _ in
      Point(random.uniform(in: -1..<1), random.uniform(in: -1..<1)) * Self.displacement
    }
    // Rotation by t = tan(angle/2), which needs no sine.
    let t = random.uniform(in: -0.19..<0.19)
    let cosine = (1 - t * t) / (1 + t * t)
    let sine = 2 * t / (1 + t * t)
    let shear = random.uniform(in: -0.3..<0.3)
    let width = Self.heightInPixels * random.uniform(in: 0.55..<0.95)
    let height = Self.heightInPixels * random.uniform(in: 0.75..<1.1)
    columnOfX = Point(cosine, sine) * width
    columnOfY = Point(-sine - shear * cosine, cosine - shear * sine) * height
    centre =
      Point(repeating: Double(canvas) / 2) + Point(random.uniform(in: -2.5..<2.5), random.uniform(in: -2.2..<2.2))
  }

  /// The pixel position of a point of the unit square.
  func callAsFunction(_ point: Point) -> Point {
    let moved = point + displacement(at: point) - 0.5
    return centre + columnOfX * moved.x + columnOfY * moved.y
  }

  /// The displacement, interpolated smoothly between the knots of a square grid.
  private func displacement(at point: Point) -> Point {
    let last = Double(Self.knots - 1)
    let position = (point * last).clamped(lowerBound: Point(0, 0), upperBound: Point(last, last) - 1e-9)
    let cell = position.rounded(.down)
    let part = position - cell
    let weight = part * part * (3 - 2 * part)
    let index = Int(cell.y) * Self.knots + Int(cell.x)
    let above = field[index] + (field[index + 1] - field[index]) * weight.x
    let below = field[index + Self.knots] + (field[index + Self.knots + 1] - field[index + Self.knots]) * weight.x
    return above + (below - above) * weight.y
  }
}
