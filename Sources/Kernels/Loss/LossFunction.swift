package import Operators

/// Losses: one call gives the loss, the correct answers and the gradient.
///
/// Shapes: x, targets and gradient are [sample][position][channel] of `output`. Only the first `valid` samples count;
/// the others are padding of the last micro-batch, whose labels are not read and whose gradient is zero.
package enum LossFunction {
  /// The sum of ℓ over the valid samples, how many of them are answered correctly, and the gradient of the input.
  ///
  /// A sample is correct if at every position the first largest channel is the label's, or that of the target values; a
  /// position with a NaN never is. For losses that compare samples it is correct if the nearest other valid sample has
  /// its label. `localization` has no correct answers.
  ///
  /// - Parameters:
  ///   - output: the shape of a sample of x.
  ///   - scale: what the gradient is multiplied by: the loss's weight over the number of samples of the global batch,
  ///     so that gradients just add up.
  ///   - labels: one for each sample; for a loss that reads labels per position and an output of several positions
  ///     [sample][position].
  ///   - targets: values where the loss reads them, else empty.
  ///   - gradient: scale · the derivative of the sum of ℓ, written whole.
  package static func evaluate(
    _ loss: Loss, output: Shape, batch: Int, valid: Int, scale: Float, x: Span<Float>, labels: Span<Int32>,
    targets: Span<Float>, gradient: inout MutableSpan<Float>
  ) -> (loss: Double, correct: Int) {
    let rows = LossRows(loss, output, valid: valid, scale: scale)
    check(loss, rows, batch, x: x.count, labels: labels.count, targets: targets.count, gradient: gradient.count)
    for i in valid * output.count..<x.count { gradient[i] = 0 }
    let sum = sum(loss, rows, x, labels, targets, &gradient)
    let correct =
      switch loss {
      case .localization: 0
      case .triplet, .contrastive: nearestAnswers(rows, x, labels, pairs: squaredDistance)
      case .cosine: nearestAnswers(rows, x, labels) { -cosine($0, $1, $2, $3) }
      case .crossEntropy, .meanSquaredError, .smoothL1, .binaryCrossEntropy:
        correctAnswers(rows, x, labels, targets)
      }
    return (sum, correct)
  }

  private static func sum(
    _ loss: Loss, _ rows: LossRows, _ x: Span<Float>, _ labels: Span<Int32>, _ targets: Span<Float>,
    _ gradient: inout MutableSpan<Float>
  ) -> Double {
    switch loss {
    case .crossEntropy(let loss): crossEntropy(loss, rows, x, labels, targets, &gradient)
    case .meanSquaredError: elementMean(rows, x, labels, targets, &gradient, squaredError)
    case .smoothL1(let loss): elementMean(rows, x, labels, targets, &gradient) { smoothL1($0, $1, beta: loss.beta) }
    case .binaryCrossEntropy: elementMean(rows, x, labels, targets, &gradient, binaryCrossEntropy)
    case .localization(let loss): localization(loss, rows, x, labels, targets, &gradient)
    case .triplet(let loss): tripletLoss(loss, rows, x, labels, &gradient)
    case .contrastive(let loss): contrastiveLoss(loss, rows, x, labels, &gradient)
    case .cosine(let loss): cosineLoss(loss, rows, x, labels, &gradient)
    }
  }

  private static func check(
    _ loss: Loss, _ rows: LossRows, _ batch: Int, x: Int, labels: Int, targets: Int, gradient: Int
  ) {
    precondition(rows.valid >= 0 && rows.valid <= batch, "\(rows.valid) valid of \(batch) samples")
    precondition(rows.positions > 0 && rows.channels > 0, "\(rows.positions) positions of \(rows.channels) channels")
    let count = batch * rows.count
    precondition(x == count && gradient == count, "x and gradient: \(batch) × \(rows.count)")
    precondition(targets == (loss.readsValues ? count : 0), "targets: \(batch) × \(rows.count), or none")
    precondition(labels >= rows.labels || !rows.readsLabels, "labels: one for each of \(rows.labels) answers")
  }
}

/// The rows of the valid samples: one for each position, with a value for each channel.
struct LossRows {
  let positions: Int
  let channels: Int
  let valid: Int
  let scale: Float
  /// Whether there is a label for each position, instead of one for each sample.
  let labelsPositions: Bool
  /// Whether labels are read at all.
  let readsLabels: Bool

  init(_ loss: Loss, _ output: Shape, valid: Int, scale: Float) {
    positions = output.positions
    channels = output.channels
    self.valid = valid
    self.scale = scale
    labelsPositions = loss.picksChannelByLabel
    readsLabels = loss.readsLabels
  }

  /// Numbers of a sample.
  var count: Int { positions * channels }

  /// The labels of the valid samples.
  var labels: Int { labelsPositions ? valid * positions : valid }

  /// The elements of a row.
  func elements(_ row: Int) -> Range<Int> { row * channels..<(row + 1) * channels }

  /// The label of a row, which selects a channel.
  func channel(_ labels: Span<Int32>, _ row: Int) -> Int {
    let label = labels[labelsPositions ? row : row / positions]
    precondition(label >= 0 && Int(label) < channels, "label \(label) is outside 0 ..< \(channels)")
    return Int(label)
  }

  /// The element of a row that its label selects; none where the targets are values.
  func answer(_ labels: Span<Int32>, _ targets: Span<Float>, _ row: Int) -> Int? {
    targets.isEmpty ? elements(row).lowerBound + channel(labels, row) : nil
  }
}

/// The target of an element: its value, or 1 where it is the answer and 0 elsewhere.
@inline(__always)
func target(_ targets: Span<Float>, _ element: Int, answer: Int?) -> Double {
  if let answer { return element == answer ? 1 : 0 }
  return Double(targets[element])
}

extension LossFunction {
  /// The samples whose first largest channel is the expected one at every position.
  private static func correctAnswers(
    _ rows: LossRows, _ x: Span<Float>, _ labels: Span<Int32>, _ targets: Span<Float>
  ) -> Int {
    (0..<rows.valid).count { sample in
      (sample * rows.positions..<(sample + 1) * rows.positions).allSatisfy { row in
        let wanted = targets.isEmpty ? rows.channel(labels, row) : firstLargest(targets, rows.elements(row))
        return wanted != nil && firstLargest(x, rows.elements(row)) == wanted
      }
    }
  }

  /// The index of the first largest element in its range; nil if one is NaN.
  private static func firstLargest(_ x: Span<Float>, _ range: Range<Int>) -> Int? {
    var best = range.lowerBound
    for i in range {
      if x[i].isNaN { return nil }
      if x[i] > x[best] { best = i }
    }
    return best - range.lowerBound
  }
}
