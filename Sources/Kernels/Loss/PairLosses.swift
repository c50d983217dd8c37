import Operators

/// Losses that compare the valid samples of a micro-batch with each other, in double precision.
///
/// Each is a function of one value for every ordered pair of samples, a squared distance or a cosine. What the loss
/// gains with the number of a pair is the pair's pull, from which the gradient of both samples follows.
extension LossFunction {
  /// The mean over all pairs (p, n) of max(0, ‖a - p‖² - ‖a - n‖² + margin), summed over the anchors a.
  static func tripletLoss(
    _ loss: TripletLoss, _ rows: LossRows, _ x: Span<Float>, _ labels: Span<Int32>,
    _ gradient: inout MutableSpan<Float>
  ) -> Double {
    let pairs = PairTable(rows, x, squaredDistance)
    var pulls = PairTable(rows.valid)
    var sum = 0.0
    for anchor in 0..<rows.valid {
      let positives = (0..<rows.valid).filter { $0 != anchor && labels[$0] == labels[anchor] }
      let negatives = (0..<rows.valid).filter { labels[$0] != labels[anchor] }
      let share = 1 / Double(positives.count * negatives.count)
      for positive in positives {
        for negative in negatives {
          let excess = pairs[anchor, positive] - pairs[anchor, negative] + loss.margin
          // Written so that NaN counts.
          if excess <= 0 { continue }
          sum += share * excess
          pulls[anchor, positive] += share
          pulls[anchor, negative] -= share
        }
      }
    }
    pullTogether(rows, x, pulls, &gradient)
    return sum
  }

  /// The mean over the other samples of ½D² for the same label and ½ · max(0, margin - D)² for another one, summed over
  /// the samples.
  static func contrastiveLoss(
    _ loss: ContrastiveLoss, _ rows: LossRows, _ x: Span<Float>, _ labels: Span<Int32>,
    _ gradient: inout MutableSpan<Float>
  ) -> Double {
    var pulls = PairTable(rows.valid)
    let sum = forEachPair(rows, labels, PairTable(rows, x, squaredDistance), &pulls) { square, isSame in
      if isSame { return (0.5 * square, 0.5) }
      let distance = square.squareRoot()
      let room = loss.margin - distance
      if room <= 0 { return (0, 0) }
      return (0.5 * room * room, distance == 0 ? 0 : -0.5 * room / distance)
    }
    pullTogether(rows, x, pulls, &gradient)
    return sum
  }

  /// The mean over the other samples of 1 - cos for the same label and max(0, cos - margin) for another one, summed
  /// over the samples.
  static func cosineLoss(
    _ loss: CosineLoss, _ rows: LossRows, _ x: Span<Float>, _ labels: Span<Int32>,
    _ gradient: inout MutableSpan<Float>
  ) -> Double {
    var pulls = PairTable(rows.valid)
    let sum = forEachPair(rows, labels, PairTable(rows, x, cosine), &pulls) { cosine, isSame in
      if isSame { return (1 - cosine, -1) }
      return cosine <= loss.margin ? (0, 0) : (cosine - loss.margin, 1)
    }
    turnTogether(rows, x, pulls, &gradient)
    return sum
  }

  /// The samples whose nearest other valid sample, the first among equals, has the same label. What is NaN is not near.
  static func nearestAnswers(
    _ rows: LossRows, _ x: Span<Float>, _ labels: Span<Int32>,
    pairs: (LossRows, Span<Float>, Int, Int) -> Double
  ) -> Int {
    let table = PairTable(rows, x, pairs)
    return (0..<rows.valid).count { sample in
      var nearest: Int?
      for other in 0..<rows.valid where other != sample && !table[sample, other].isNaN {
        if let best = nearest, table[sample, other] >= table[sample, best] { continue }
        nearest = other
      }
      return nearest.map { labels[$0] == labels[sample] } ?? false
    }
  }

  /// ‖a - b‖² of two samples.
  static func squaredDistance(_ rows: LossRows, _ x: Span<Float>, _ a: Int, _ b: Int) -> Double {
    var sum = 0.0
    for i in 0..<rows.count {
      let difference = Double(x[a * rows.count + i]) - Double(x[b * rows.count + i])
      sum += difference * difference
    }
    return sum
  }

  /// a · b / max(‖a‖ · ‖b‖, 1e-8) of two samples.
  static func cosine(_ rows: LossRows, _ x: Span<Float>, _ a: Int, _ b: Int) -> Double {
    let lengths = lengths(rows, x, a, b)
    return product(rows, x, a, b) / (lengths < shortest ? shortest : lengths)
  }

  /// The product of two lengths from which on it is divided by.
  private static let shortest = 1e-8

  private static func lengths(_ rows: LossRows, _ x: Span<Float>, _ a: Int, _ b: Int) -> Double {
    product(rows, x, a, a).squareRoot() * product(rows, x, b, b).squareRoot()
  }

  private static func product(_ rows: LossRows, _ x: Span<Float>, _ a: Int, _ b: Int) -> Double {
    var sum = 0.0
    for i in 0..<rows.count { sum += Double(x[a * rows.count + i]) * Double(x[b * rows.count + i]) }
    return sum
  }

  /// The sum over the samples of the mean of a part over the other samples; keeps the slopes as pulls.
  private static func forEachPair(
    _ rows: LossRows, _ labels: Span<Int32>, _ pairs: PairTable, _ pulls: inout PairTable,
    _ part: (_ number: Double, _ isSame: Bool) -> Part
  ) -> Double {
    let share = 1 / Double(rows.valid - 1)
    var sum = 0.0
    for a in 0..<rows.valid {
      for b in 0..<rows.valid where a != b {
        let (loss, slope) = part(pairs[a, b], labels[a] == labels[b])
        sum += share * loss
        pulls[a, b] = share * slope
      }
    }
    return sum
  }

  /// The gradient where pairs are squared distances: the derivative of ‖a - b‖² with respect to a is 2(a - b).
  private static func pullTogether(
    _ rows: LossRows, _ x: Span<Float>, _ pulls: PairTable, _ gradient: inout MutableSpan<Float>
  ) {
    for a in 0..<rows.valid {
      for i in 0..<rows.count {
        var sum = 0.0
        for b in 0..<rows.valid where pulls.both(a, b) != 0 {
          sum += pulls.both(a, b) * (Double(x[a * rows.count + i]) - Double(x[b * rows.count + i]))
        }
        gradient[a * rows.count + i] = Float(2 * Double(rows.scale) * sum)
      }
    }
  }

  /// The gradient where pairs are cosines: the derivative of cos(a, b) with respect to a is
  /// b / (‖a‖ · ‖b‖) - cos · a / ‖a‖², and b / 1e-8 where the product of the lengths is below that.
  private static func turnTogether(
    _ rows: LossRows, _ x: Span<Float>, _ pulls: PairTable, _ gradient: inout MutableSpan<Float>
  ) {
    let lengths = PairTable(rows, x, lengths)
    let products = PairTable(rows, x, product)
    for a in 0..<rows.valid {
      var along = 0.0
      for b in 0..<rows.valid where pulls.both(a, b) != 0 && lengths[a, b] >= shortest {
        along += pulls.both(a, b) * products[a, b] / lengths[a, b] / products[a, a]
      }
      for i in 0..<rows.count {
        var sum = -along * Double(x[a * rows.count + i])
        for b in 0..<rows.valid where pulls.both(a, b) != 0 {
          let length = lengths[a, b] < shortest ? shortest : lengths[a, b]
          sum += pulls.both(a, b) / length * Double(x[b * rows.count + i])
        }
        gradient[a * rows.count + i] = Float(Double(rows.scale) * sum)
      }
    }
  }
}

/// One value for every ordered pair of samples.
struct PairTable {
  private let samples: Int
  private var values: [Double]

  /// Zeros.
  init(_ samples: Int) {
    self.samples = samples
    values = [Double](repeating: 0, count: samples * samples)
  }

  /// What `number` gives for each pair.
  init(_ rows: LossRows, _ x: Span<Float>, _ number: (LossRows, Span<Float>, Int, Int) -> Double) {
    self.init(rows.valid)
    for a in 0..<samples {
      for b in a..<samples {
        self[a, b] = number(rows, x, a, b)
        self[b, a] = self[a, b]
      }
    }
  }

  subscript(a: Int, b: Int) -> Double {
    get { values[a * samples + b] }
    set { values[a * samples + b] = newValue }
  }

  /// The sum over both orders of a pair.
  func both(_ a: Int, _ b: Int) -> Double { self[a, b] + self[b, a] }
}
