import Foundation
import Kernels
import Testing

extension KernelTests {
  @Suite("Cross-entropy")
  struct CrossEntropyTests {
    init() { #expect(prepared) }

    /// The mean of nothing: the plain sum of the losses of `valid` rows, by the definition.
    static func loss(_ logits: [Double], _ labels: [Int32], classes: Int, valid: Int, smoothing: Double) -> Double {
      (0..<valid).reduce(0) { total, row in
        let scores = logits[row * classes..<(row + 1) * classes]
        let logSum = log(scores.reduce(0) { $0 + exp($1) })
        return total
          + scores.enumerated().reduce(0) { sum, score in
            let target = (score.offset == Int(labels[row]) ? 1 - smoothing : 0) + smoothing / Double(classes)
            return sum - target * (score.element - logSum)
          }
      }
    }

    @Test("Loss and gradient agree with the definition", arguments: 0..<20 as Range<UInt64>, [0, 0.1, 1] as [Float])
    func definition(seed: UInt64, smoothing: Float) {
      var dice = Dice(seed)
      let (rows, classes) = (dice.integer(1...7), dice.integer(1...12))
      let valid = dice.integer(0...rows)
      let logits = dice.floats(rows * classes)
      let labels = (0..<rows).map { Int32($0 < valid ? dice.integer(0...classes - 1) : -1) }
      var result = (lossSum: 0.0, correct: 0)
      let probabilities = written(logits.count) {
        result = CrossEntropy.forward(
          rows: rows, valid: valid, classes: classes, labelSmoothing: smoothing, logits: logits.span,
          labels: labels.span, probabilities: &$0)
      }
      let loss = { Self.loss($0, labels, classes: classes, valid: valid, smoothing: Double(smoothing)) }
      #expect(abs(result.lossSum - loss(logits.doubles)) < 1e-6 * Double(rows))
      let gradient = written(logits.count) {
        CrossEntropy.backward(
          rows: rows, valid: valid, classes: classes, labelSmoothing: smoothing, scale: 0.25,
          probabilities: probabilities.span, labels: labels.span, dLogits: &$0)
      }
      for i in logits.indices {
        #expect(abs(Double(gradient[i]) - 0.25 * derivative(logits.doubles, i, loss)) < 1e-6)
      }
      #expect(gradient[(valid * classes)...].allSatisfy { $0 == 0 })
    }

    @Test("The first largest logit is the answer; a row with NaN is never right")
    func correct() {
      let logits: [Float] = [
        1, 3, 3,
        1, 3, 3,
        .nan, 0, 0,
        9, .nan, 1,
        -.infinity, 2, 1,
      ]
      let labels: [Int32] = [1, 2, 0, 0, 1]
      var result = (lossSum: 0.0, correct: 0)
      _ = written(15) {
        result = CrossEntropy.forward(
          rows: 5, valid: 5, classes: 3, labelSmoothing: 0, logits: logits.span, labels: labels.span,
          probabilities: &$0)
      }
      #expect(result.correct == 2)
      #expect(result.lossSum.isNaN)
    }

    @Test("Large logits do not overflow")
    func large() {
      var result = (lossSum: 0.0, correct: 0)
      let probabilities = written(3) {
        result = CrossEntropy.forward(
          rows: 1, valid: 1, classes: 3, labelSmoothing: 0, logits: [1000, 999, -1e30].span, labels: [0 as Int32].span,
          probabilities: &$0)
      }
      #expect(abs(result.lossSum - log(1 + exp(-1.0))) < 1e-6)
      #expect(abs(probabilities.reduce(0, +) - 1) < 1e-6)
    }
  }
}
