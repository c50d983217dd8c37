import Randomness

/// Draws digits that look handwritten: a pure function of (split, index), the same on every machine.
///
/// A skeleton of strokes is jittered point by point, bent by a smooth displacement (after Simard, Steinkraus and Platt,
/// "Best practices for convolutional neural networks", ICDAR 2003), mapped affinely, drawn with a pen of random
/// thickness among stray strokes, blurred, and covered with noise.
enum DigitPainter {
  /// The width and height of a drawing in pixels.
  static let side = 28

  /// Counts the changes that moved a pixel of any drawing.
  static let version = 1

  /// The format's own seed: a run's seed never changes the data.
  private static let seed: UInt64 = 1
  private static let jitter = 0.06

  /// The digit that sample `index` of `split` shows: each ten samples in a row are the ten digits in random order.
  static func label(split: Int, index: Int) -> Int {
    var random = RandomStream(
      seed: seed, purpose: .digits, subject: 1, time: UInt64(split), sample: UInt64(index / 10))
    return Int(Permutation.shuffled(10, random: &random)[index % 10])
  }

  /// Draws sample `index` of `split` into `pixels`, 28 · 28 bytes.
  static func draw(_ digit: Int, split: Int, index: Int, into pixels: inout MutableSpan<UInt8>) {
    var random = RandomStream(seed: seed, purpose: .digits, time: UInt64(split), sample: UInt64(index))
    var canvas = DigitCanvas(side: side)
    drawDigit(digit, on: &canvas, random: &random)
    drawClutter(on: &canvas, random: &random)
    canvas.blur(amount: random.uniform())
    canvas.write(noise: 0.02 + 0.2 * random.uniform(), random: &random, into: &pixels)
  }

  private static func drawDigit(_ digit: Int, on canvas: inout DigitCanvas, random: inout RandomStream) {
    let variants = DigitSkeletons.variants(of: digit)
    let strokes = variants[random.integer(below: variants.count)]
    let distort = DigitDistortion(canvas: side, random: &random)
    let radius = random.uniform(in: 0.6..<1.7)
    let strength = 0.55 + 0.45 * random.uniform()
    for stroke in strokes {
      let chain = PenCurve.flatten(jittered(stroke, random: &random)).map { distort($0) }
      canvas.draw(chain, radius: radius, strength: strength)
    }
  }

  /// Moves each point a little; the two points of a corner move together.
  private static func jittered(_ stroke: Stroke, random: inout RandomStream) -> Stroke {
    var moved: Stroke = []
    for (index, point) in stroke.enumerated() {
      if index > 0, point == stroke[index - 1], let last = moved.last {
        moved.append(last)
      } else {
        moved.append(point + Point(random.uniform(in: -1..<1), random.uniform(in: -1..<1)) * jitter)
      }
    }
    return moved
  }

  /// Up to two short stray strokes anywhere.
  private static func drawClutter(on canvas: inout DigitCanvas, random: inout RandomStream) {
    for _ in 0..<random.integer(below: 3) {
      let start = Point(random.uniform(in: 0..<Double(side)), random.uniform(in: 0..<Double(side)))
      let end = start + Point(random.uniform(in: -5..<5), random.uniform(in: -5..<5))
      let radius = random.uniform(in: 0.4..<1.0)
      canvas.draw([start, end], radius: radius, strength: 0.3 + 0.5 * random.uniform())
    }
  }
}
