import Foundation
import Kernels
import Operators
import Testing

extension KernelTests {
  @Suite("Cross-entropy")
  struct CrossEntropyLossTests {
    init() { #expect(prepared) }

    static func loss(
      smoothing: Double = 0, targets: LossTargets = .labels, weights: [Float] = []
    ) -> Loss {
      var loss = CrossEntropyLoss()
      loss.labelSmoothing = smoothing
      loss.targets = targets
      loss.classWeights = weights
      return .crossEntropy(loss)
    }

    static func logits(_ x: [Float], _ labels: [Int32], classes: Int, smoothing: Double = 0) -> LossCase {
      var c = LossCase(
        loss(smoothing: smoothing), Shape(features: classes), batch: labels.count, valid: labels.count, seed: 0)
      (c.x, c.labels) = (x, labels)
      return c
    }

    /// The sum of the losses of the valid samples, by the definition.
    static func definition(_ c: LossCase, _ x: [Double], smoothing: Double, weights: [Float]) -> Double {
      let classes = c.output.channels
      return (0..<c.valid * c.output.positions).reduce(0) { total, row in
        let logSum = log(x[row * classes..<(row + 1) * classes].reduce(0) { $0 + exp($1) })
        let sum = (0..<classes).reduce(0) { sum, channel in
          let i = row * classes + channel
          let target = (1 - smoothing) * c.target(i) + smoothing / Double(classes)
          return sum - (weights.isEmpty ? 1 : Double(weights[channel])) * target * (x[i] - logSum)
        }
        return total + sum / Double(c.output.positions)
      }
    }

    @Test(arguments: 0..<30 as Range<UInt64>, [0, 0.125, 0.5])
    func `loss and gradient agree with the definition`(seed: UInt64, smoothing: Double) {
      var c = LossCase.random(Self.loss(), seed: seed)
      var dice = Dice(seed)
      let weights = seed % 3 == 0 ? dice.floats(c.output.channels).map { abs($0) } : []
      c.loss = Self.loss(smoothing: smoothing, weights: weights)
      #expect(c.error { Self.definition(c, $0, smoothing: smoothing, weights: weights) } < 2e-6)
      #expect(c.evaluate().gradient[c.validCount...].allSatisfy { $0 == 0 })
    }

    @Test(arguments: 0..<20 as Range<UInt64>, [0, 0.125])
    func `targets are distributions`(seed: UInt64, smoothing: Double) {
      var c = LossCase.random(Self.loss(targets: .values), seed: seed)
      var dice = Dice(seed)
      let weights = seed % 3 == 0 ? dice.floats(c.output.channels).map { abs($0) } : []
      c.loss = Self.loss(smoothing: smoothing, targets: .values, weights: weights)
      #expect(c.error { Self.definition(c, $0, smoothing: smoothing, weights: weights) } < 5e-6)
      #expect(c.evaluate().gradient[c.validCount...].allSatisfy { $0 == 0 })
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `the gradient of labels is scale · (softmax - target), bit for bit`(seed: UInt64) {
      var c = LossCase.random(Self.loss(smoothing: 0.1), seed: seed, vector: true)
      c.valid = c.batch
      for i in c.labels.indices { c.labels[i] = max(0, c.labels[i]) }
      let (classes, scale) = (c.output.channels, Float(1) / 24)
      let p = written(c.x.count) { Activation.softmaxForward(rows: c.batch, columns: classes, x: c.x.span, y: &$0) }
      let base = Float(0.1) / Float(classes)
      let want = p.indices.map { i in
        scale * (p[i] - (Int(c.labels[i / classes]) == i % classes ? base + (1 - Float(0.1)) : base))
      }
      #expect(bits(c.evaluate(scale: scale).gradient) == bits(want))
    }

    @Test
    func `the first largest logit is the answer; a row with NaN is never right`() {
      let logits: [Float] = [
        1, 3, 3,
        1, 3, 3,
        .nan, 0, 0,
        9, .nan, 1,
        -.infinity, 2, 1,
      ]
      let result = Self.logits(logits, [1, 2, 0, 0, 1], classes: 3).evaluate()
      #expect(result.correct == 2)
      #expect(result.loss.isNaN)
    }

    @Test
    func `an image is answered correctly where every position is`() {
      var c = LossCase(Self.loss(), Shape(channels: 2, height: 1, width: 2), batch: 3, valid: 2, seed: 0)
      c.x = [1, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1]
      c.labels = [0, 1, 0, 0]
      #expect(c.evaluate().correct == 1)
      c.loss = Self.loss(targets: .values)
      c.targets = [0.7, 0.3, 0.1, 0.9, 0.5, 0.5, 0.6, 0.4, 0, 0, 0, 0]
      #expect(c.evaluate().correct == 1)
      c.targets[1] = .nan
      #expect(c.evaluate().correct == 0)
    }

    @Test
    func `large logits do not overflow`() {
      let result = Self.logits([1000, 999, -1e30], [0], classes: 3).evaluate()
      #expect(abs(result.loss - log(1 + exp(-1.0))) < 1e-6)
      #expect(abs(result.gradient.reduce(0, +)) < 1e-6)
    }

    @Test
    func `a class that cannot be meant may have a logit of -∞`() {
      var c = Self.logits([0, 0, -.infinity], [0], classes: 3)
      c.loss = Self.loss(targets: .values)
      c.targets = [0.5, 0.5, 0]
      let result = c.evaluate()
      #expect(abs(result.loss - log(2)) < 1e-6)
      #expect(result.gradient == [0, 0, 0])
    }

    @Test
    func `no valid sample is no loss`() {
      let c = LossCase(Self.loss(), Shape(features: 3), batch: 2, valid: 0, seed: 1)
      let result = c.evaluate()
      #expect(result.loss == 0 && result.correct == 0 && result.gradient.allSatisfy { $0 == 0 })
    }
  }
}
