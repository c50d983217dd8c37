import Foundation
import Kernels
import Operators
import Testing

extension KernelTests {
  @Suite("Losses of pairs")
  struct PairLossTests {
    init() { #expect(prepared) }

    static let cosineMargin = 0.2

    static let losses: [Loss] = {
      var cosine = CosineLoss()
      cosine.margin = cosineMargin
      return [.triplet(TripletLoss()), .contrastive(ContrastiveLoss()), .cosine(cosine)]
    }()

    /// Few classes and short vectors, so that all branches are taken.
    static func random(_ loss: Loss, _ seed: UInt64) -> LossCase {
      var dice = Dice(seed)
      let batch = dice.integer(1...7)
      var c = LossCase(
        loss, Shape(features: dice.integer(1...5)), batch: batch, valid: dice.integer(0...batch), seed: seed &+ 1000,
        classes: 2)
      c.x = c.x.map { 0.6 * $0 }
      return c
    }

    /// The numbers of a sample.
    static func sample(_ c: LossCase, _ x: [Double], _ index: Int) -> ArraySlice<Double> {
      x[index * c.output.count..<(index + 1) * c.output.count]
    }

    static func square(_ c: LossCase, _ x: [Double], _ a: Int, _ b: Int) -> Double {
      zip(sample(c, x, a), sample(c, x, b)).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    }

    static func cosineOf(_ c: LossCase, _ x: [Double], _ a: Int, _ b: Int) -> Double {
      let dot = { (a: ArraySlice<Double>, b: ArraySlice<Double>) in zip(a, b).reduce(0) { $0 + $1.0 * $1.1 } }
      let (a, b) = (sample(c, x, a), sample(c, x, b))
      return dot(a, b) / max((dot(a, a) * dot(b, b)).squareRoot(), 1e-8)
    }

    /// The sum over the samples of the mean over the others.
    static func meanOverOthers(_ c: LossCase, _ part: (_ a: Int, _ b: Int, _ isSame: Bool) -> Double) -> Double {
      (0..<c.valid).reduce(0) { sum, a in
        (0..<c.valid).reduce(sum) { sum, b in
          a == b ? sum : sum + part(a, b, c.labels[a] == c.labels[b]) / Double(c.valid - 1)
        }
      }
    }

    static func tripletLoss(_ c: LossCase, _ x: [Double], margin: Double) -> Double {
      (0..<c.valid).reduce(0) { sum, a in
        var parts: [Double] = []
        for p in 0..<c.valid where p != a && c.labels[p] == c.labels[a] {
          for n in 0..<c.valid where c.labels[n] != c.labels[a] {
            parts.append(max(0, square(c, x, a, p) - square(c, x, a, n) + margin))
          }
        }
        return parts.isEmpty ? sum : sum + parts.reduce(0, +) / Double(parts.count)
      }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `triplet: loss and gradient agree with the definition`(seed: UInt64) {
      let c = Self.random(Self.losses[0], seed)
      #expect(c.error { Self.tripletLoss(c, $0, margin: 1) } < 2e-6)
      #expect(c.evaluate().gradient[c.validCount...].allSatisfy { $0 == 0 })
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `contrastive: loss and gradient agree with the definition`(seed: UInt64) {
      let c = Self.random(Self.losses[1], seed)
      let error = c.error { x in
        Self.meanOverOthers(c) { a, b, isSame in
          let square = Self.square(c, x, a, b)
          let room = max(0, 1 - square.squareRoot())
          return isSame ? 0.5 * square : 0.5 * room * room
        }
      }
      #expect(error < 2e-6)
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `cosine: loss and gradient agree with the definition`(seed: UInt64) {
      var c = Self.random(Self.losses[2], seed)
      // Among single numbers every cosine is 1 or -1, and no vector is near zero.
      c.x = c.x.map { $0 < 0 ? $0 - 0.2 : $0 + 0.2 }
      let error = c.error { x in
        Self.meanOverOthers(c) { a, b, isSame in
          let cosine = Self.cosineOf(c, x, a, b)
          return isSame ? 1 - cosine : max(0, cosine - Self.cosineMargin)
        }
      }
      #expect(error < 2e-6)
    }

    @Test
    func `the nearest other sample is the answer, the first among equals`() {
      var c = LossCase(Self.losses[1], Shape(features: 2), batch: 5, valid: 4, seed: 0)
      // Sample 1 lies between 0 and 2; the padding is nearest to all.
      c.x = [0, 0, 1, 0, 2, 0, 9, 0, 1, 0.1]
      c.labels = [0, 0, 1, 1, -1]
      #expect(c.evaluate().correct == 3)
      c.loss = Self.losses[0]
      #expect(c.evaluate().correct == 3)
      c.loss = Self.losses[2]
      c.x = [1, 0, 5, 0.1, 0, 1, 1, 9, 1, 0]
      #expect(c.evaluate().correct == 4)
    }

    @Test(arguments: losses)
    func `one valid sample has nothing to compare with`(_ loss: Loss) {
      let c = LossCase(loss, Shape(features: 3), batch: 2, valid: 1, seed: 0)
      let result = c.evaluate()
      #expect(result.loss == 0 && result.correct == 0 && result.gradient.allSatisfy { $0 == 0 })
    }

    @Test(arguments: losses)
    func `equal samples of different classes have a finite gradient`(_ loss: Loss) {
      var c = LossCase(loss, Shape(features: 2), batch: 3, valid: 3, seed: 0)
      (c.x, c.labels) = ([1, 2, 1, 2, 1, 2], [0, 1, 0])
      #expect(c.evaluate().gradient.allSatisfy { $0.isFinite })
      c.x = [0, 0, 0, 0, 0, 0]
      let result = c.evaluate()
      #expect(result.loss.isFinite && result.gradient.allSatisfy { $0 == 0 })
    }

    @Test(arguments: losses)
    func `NaN is not hidden, and is nobody's neighbour`(_ loss: Loss) {
      var c = LossCase(loss, Shape(features: 2), batch: 4, valid: 4, seed: 0)
      (c.x, c.labels) = ([.nan, 2, 1, 2, 1, 2, 5, -3], [0, 0, 0, 1])
      let result = c.evaluate()
      #expect(result.loss.isNaN && result.gradient[0].isNaN)
      #expect(result.correct == 2)
    }
  }
}
