import Randomness

/// A small square of ink: 0 is bare paper, 1 is full ink.
struct DigitCanvas {
  private let side: Int
  private var ink: [Float]

  /// Bare paper of `side` × `side` pixels.
  init(side: Int) {
    self.side = side
    ink = [Float](repeating: 0, count: side * side)
  }

  /// Draws a chain of straight pieces with a round pen of the given radius in pixels.
  mutating func draw(_ chain: [Point], radius: Double, strength: Float) {
    for (start, end) in zip(chain, chain.dropFirst()) { drawPiece(from: start, to: end, radius, strength) }
  }

  private mutating func drawPiece(from start: Point, to end: Point, _ radius: Double, _ strength: Float) {
    let reach = radius + 0.5
    let columns = pixels(from: min(start.x, end.x) - reach, to: max(start.x, end.x) + reach)
    let direction = end - start
    let length = max((direction * direction).sum(), 1e-12)
    for row in pixels(from: min(start.y, end.y) - reach, to: max(start.y, end.y) + reach) {
      for column in columns {
        let pixel = Point(Double(column) + 0.5, Double(row) + 0.5) - start
        let along = min(max((pixel * direction).sum() / length, 0), 1)
        let offset = pixel - direction * along
        let distance = (offset * offset).sum().squareRoot()
        let cover = strength * Float(min(max(reach - distance, 0), 1))
        ink[row * side + column] = max(ink[row * side + column], cover)
      }
    }
  }

  /// The pixels whose centres can lie in the interval, cut to the canvas.
  private func pixels(from low: Double, to high: Double) -> Range<Int> {
    let first = min(max(Int(low - 0.5), 0), side)
    return first..<min(max(Int(high + 0.5), first), side)
  }

  /// Mixes each pixel with the mean of its three neighbours along both axes; `amount` 0 leaves the picture sharp.
  mutating func blur(amount: Float) {
    smooth(amount, step: 1, line: side)
    smooth(amount, step: side, line: 1)
  }

  private mutating func smooth(_ amount: Float, step: Int, line: Int) {
    let centre = 1 - amount * 0.5
    let beside = amount * 0.25
    for first in 0..<side {
      var before: Float = 0
      for index in 0..<side {
        let place = first * line + index * step
        let here = ink[place]
        let after = index + 1 < side ? ink[place + step] : 0
        ink[place] = centre * here + beside * (before + after)
        before = here
      }
    }
  }

  /// Writes the picture as bytes, with noise of the given amplitude on each pixel.
  func write(noise: Float, random: inout RandomStream, into pixels: inout MutableSpan<UInt8>) {
    precondition(pixels.count == ink.count)
    var word: UInt32 = 0
    for index in ink.indices {
      if index % 4 == 0 { word = random.next() }
      let grain = (Float(word & 0xFF) - 127.5) / 127.5 * noise
      word >>= 8
      pixels[index] = UInt8(min(max(ink[index] + grain, 0), 1) * 255)
    }
  }
}
