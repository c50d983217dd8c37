import Operators

/// Softmax and cross-entropy in one, with label smoothing as in PyTorch.
extension LossFunction {
  /// Cross-entropy, position by position. The gradient holds the probabilities in between.
  static func crossEntropy(
    _ loss: CrossEntropyLoss, _ rows: LossRows, _ x: Span<Float>, _ labels: Span<Int32>, _ targets: Span<Float>,
    _ gradient: inout MutableSpan<Float>
  ) -> Double {
    precondition(
      loss.classWeights.isEmpty || loss.classWeights.count == rows.channels, "class-weights: \(rows.channels) or none")
    let smoothing = Float(loss.labelSmoothing)
    precondition(smoothing >= 0 && smoothing <= 1, "a label smoothing of \(smoothing) is outside 0...1")
    let shares = TargetShares(smoothing: Double(smoothing), channels: rows.channels, weights: loss.classWeights)
    var sum = 0.0
    for row in 0..<rows.valid * rows.positions {
      let first = rows.elements(row).lowerBound
      let logSum = Activation.softmaxRow(x, at: first, columns: rows.channels, y: &gradient)
      if targets.isEmpty && loss.classWeights.isEmpty {
        sum += unweighted(rows, row, smoothing, x, labels, logSum, &gradient)
      } else {
        sum += weighted(rows, row, shares, x, labels, targets, logSum, &gradient)
      }
    }
    return sum / Double(rows.positions)
  }

  /// With labels: t' = (1 - smoothing) · one-hot + smoothing / classes, and the gradient is p - t'.
  private static func unweighted(
    _ rows: LossRows, _ row: Int, _ smoothing: Float, _ x: Span<Float>, _ labels: Span<Int32>, _ logSum: Double,
    _ gradient: inout MutableSpan<Float>
  ) -> Double {
    let range = rows.elements(row)
    let answer = range.lowerBound + rows.channel(labels, row)
    let base = smoothing / Float(rows.channels)
    let scale = rows.scale / Float(rows.positions)
    let probability = gradient[answer]
    for i in range { gradient[i] = scale * (gradient[i] - base) }
    gradient[answer] = scale * (probability - (base + (1 - smoothing)))
    return likelihood(x, range, answer, logSum, Double(smoothing))
  }

  // -Σ target · log-probability, where a log-probability is a logit less the logarithm of Σ exp(logit).
  private static func likelihood(
    _ x: Span<Float>, _ range: Range<Int>, _ answer: Int, _ logSum: Double, _ smoothing: Double
  ) -> Double {
    let likelihood = logSum - Double(x[answer])
    guard smoothing > 0 else { return likelihood }
    var sum = 0.0
    for i in range { sum += logSum - Double(x[i]) }
    return (1 - smoothing) * likelihood + smoothing / Double(range.count) * sum
  }

  /// With class weights or target values: the gradient is p · Σ w · t' - w · t'.
  private static func weighted(
    _ rows: LossRows, _ row: Int, _ shares: TargetShares, _ x: Span<Float>, _ labels: Span<Int32>,
    _ targets: Span<Float>, _ logSum: Double, _ gradient: inout MutableSpan<Float>
  ) -> Double {
    let range = rows.elements(row)
    let answer = rows.answer(labels, targets, row)
    var (total, sum) = (0.0, 0.0)
    for i in range {
      let share = shares[i - range.lowerBound, target(targets, i, answer: answer)]
      total += share
      // A class that cannot be meant does not count, not even where its logit is -∞.
      if share != 0 { sum += share * (logSum - Double(x[i])) }
    }
    let scale = Double(rows.scale) / Double(rows.positions)
    for i in range {
      let share = shares[i - range.lowerBound, target(targets, i, answer: answer)]
      gradient[i] = Float(scale * (Double(gradient[i]) * total - share))
    }
    return sum
  }
}

/// What a class of a target distribution t counts: w · t' with t' = (1 - smoothing) · t + smoothing / classes.
private struct TargetShares {
  var smoothing: Double
  var channels: Int
  /// The weight of each class, or none for weights of 1.
  var weights: [Float]

  subscript(channel: Int, target: Double) -> Double {
    let smoothed = (1 - smoothing) * target + smoothing / Double(channels)
    return weights.isEmpty ? smoothed : Double(weights[channel]) * smoothed
  }
}
