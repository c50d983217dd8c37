/// Softmax and cross-entropy in one, with label smoothing as in PyTorch: the target is
/// (1 - labelSmoothing) · one-hot + labelSmoothing / classes.
///
/// Shapes: logits, probabilities and dLogits are [row][class], labels one number in 0 ..< classes for each row. Only
/// the first `valid` rows count; the others are padding of the last micro-batch and their labels are not read.
///
/// Source: Szegedy et al., "Rethinking the inception architecture for computer vision", CVPR 2016, section 7.
package enum CrossEntropy {
  /// Probabilities of all rows, and over the valid rows the sum of the losses and the number of correct answers.
  ///
  /// A row is correct if its largest logit, the first one among equals, is the label's; a row with a NaN never is.
  package static func forward(
    rows: Int, valid: Int, classes: Int, labelSmoothing: Float, logits: Span<Float>, labels: Span<Int32>,
    probabilities: inout MutableSpan<Float>
  ) -> (lossSum: Double, correct: Int) {
    check(rows, valid, classes, labelSmoothing, logits.count, probabilities.count, labels.count)
    var lossSum = 0.0
    var correct = 0
    for row in 0..<rows {
      let first = row * classes
      let logSum = Activation.softmaxRow(logits, at: first, columns: classes, y: &probabilities)
      guard row < valid else { continue }
      let label = checkedLabel(labels[row], classes)
      let scores = logits.extracting(first..<first + classes)
      lossSum += loss(scores, label, logSum, Double(labelSmoothing))
      if argmax(scores) == label { correct += 1 }
    }
    return (lossSum, correct)
  }

  /// dLogits = scale · (probabilities - target); zero in the rows that do not count.
  ///
  /// - Parameter scale: one over the number of samples of the global batch, so that gradients just add up.
  package static func backward(
    rows: Int, valid: Int, classes: Int, labelSmoothing: Float, scale: Float, probabilities: Span<Float>,
    labels: Span<Int32>, dLogits: inout MutableSpan<Float>
  ) {
    check(rows, valid, classes, labelSmoothing, probabilities.count, dLogits.count, labels.count)
    let base = labelSmoothing / Float(classes)
    for row in 0..<rows {
      let range = row * classes..<(row + 1) * classes
      guard row < valid else {
        for i in range { dLogits[i] = 0 }
        continue
      }
      let answer = range.lowerBound + checkedLabel(labels[row], classes)
      for i in range { dLogits[i] = scale * (probabilities[i] - base) }
      dLogits[answer] = scale * (probabilities[answer] - (base + (1 - labelSmoothing)))
    }
  }

  // -Σ target · log-probability, where a log-probability is a logit less the logarithm of Σ exp(logit).
  private static func loss(_ scores: Span<Float>, _ label: Int, _ logSum: Double, _ smoothing: Double) -> Double {
    let likelihood = logSum - Double(scores[label])
    guard smoothing > 0 else { return likelihood }
    var sum = 0.0
    for i in 0..<scores.count { sum += logSum - Double(scores[i]) }
    return (1 - smoothing) * likelihood + smoothing / Double(scores.count) * sum
  }

  /// The index of the first largest score; nil if one is NaN.
  private static func argmax(_ scores: Span<Float>) -> Int? {
    var best = 0
    for i in 0..<scores.count {
      if scores[i].isNaN { return nil }
      if scores[i] > scores[best] { best = i }
    }
    return best
  }

  private static func checkedLabel(_ label: Int32, _ classes: Int) -> Int {
    precondition(label >= 0 && Int(label) < classes, "label \(label) is outside 0 ..< \(classes)")
    return Int(label)
  }

  private static func check(
    _ rows: Int, _ valid: Int, _ classes: Int, _ smoothing: Float, _ scores: Int, _ results: Int, _ labels: Int
  ) {
    precondition(valid >= 0 && valid <= rows && classes > 0, "\(valid) valid of \(rows) rows, \(classes) classes")
    precondition(smoothing >= 0 && smoothing <= 1, "a label smoothing of \(smoothing) is outside 0...1")
    precondition(scores == rows * classes && results == scores, "logits and probabilities: \(rows) × \(classes)")
    precondition(labels >= valid && labels <= rows, "labels: one for each row")
  }
}
