/// Turns the few points of a stroke into a chain of short straight pieces.
enum PenCurve {
  private static let piecesPerSpan = 5

  /// The points along the smooth curve through `stroke`; corners stay corners.
  static func flatten(_ stroke: Stroke) -> [Point] {
    var chain: [Point] = []
    var start = 0
    for index in stroke.indices where index + 1 == stroke.count || stroke[index] == stroke[index + 1] {
      append(stroke[start...index], to: &chain)
      start = index + 1
    }
    return chain
  }

  /// Source: Catmull and Rom, "A class of local interpolating splines", 1974; the end points count twice.
  private static func append(_ smooth: ArraySlice<Point>, to chain: inout [Point]) {
    guard let first = smooth.first, let last = smooth.last else { return }
    chain.append(first)
    for index in smooth.indices.dropLast() {
      let before = index > smooth.startIndex ? smooth[index - 1] : first
      let after = index + 2 < smooth.endIndex ? smooth[index + 2] : last
      for piece in 1...piecesPerSpan {
        let t = Double(piece) / Double(piecesPerSpan)
        chain.append(spline(before, smooth[index], smooth[index + 1], after, at: t))
      }
    }
  }

  private static func spline(_ a: Point, _ b: Point, _ c: Point, _ d: Point, at t: Double) -> Point {
    let slopeAtB = (c - a) * 0.5
    let slopeAtC = (d - b) * 0.5
    let cubic = 2 * (b - c) + slopeAtB + slopeAtC
    let square = 3 * (c - b) - 2 * slopeAtB - slopeAtC
    return ((cubic * t + square) * t + slopeAtB) * t + b
  }
}
