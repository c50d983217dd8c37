import Foundation
import Kernels
import Operators
import Testing

extension KernelTests {
  @Suite("Losses of elements")
  struct ElementLossTests {
    init() { #expect(prepared) }

    /// A loss and what an element adds to it.
    struct Definition: Sendable, CustomTestStringConvertible {
      var testDescription: String
      var loss: @Sendable (LossTargets) -> Loss
      var part: @Sendable (Double, Double) -> Double
    }

    static let definitions: [Definition] = [
      Definition(testDescription: "squared error") {
        .meanSquaredError(MeanSquaredErrorLoss(targets: $0))
      } part: {
        ($0 - $1) * ($0 - $1)
      },
      Definition(testDescription: "smooth L1") {
        var loss = SmoothL1Loss()
        (loss.targets, loss.beta) = ($0, 0.5)
        return .smoothL1(loss)
      } part: { x, t in
        abs(x - t) < 0.5 ? (x - t) * (x - t) : abs(x - t) - 0.25
      },
      Definition(testDescription: "binary cross-entropy") {
        var loss = BinaryCrossEntropyLoss()
        loss.targets = $0
        return .binaryCrossEntropy(loss)
      } part: { x, t in
        t * log1p(exp(-x)) + (1 - t) * log1p(exp(x))
      },
    ]

    @Test(arguments: definitions, 0..<20 as Range<UInt64>)
    func `loss and gradient are the mean over the elements`(_ definition: Definition, seed: UInt64) {
      let c = LossCase.random(definition.loss(seed % 4 < 2 ? .labels : .values), seed: seed)
      let error = c.error { x in
        (0..<c.validCount).reduce(0) { $0 + definition.part(x[$1], c.target($1)) } / Double(c.output.count)
      }
      #expect(error < 1e-6)
      #expect(c.evaluate().gradient[c.validCount...].allSatisfy { $0 == 0 })
    }

    @Test(arguments: definitions)
    func `the largest channel of the target is the answer`(_ definition: Definition) {
      var c = LossCase(definition.loss(.labels), Shape(features: 3), batch: 4, valid: 3, seed: 1)
      c.x = [0, 2, 1, 3, 3, 0, 0, .nan, 0, 1, 0, 0]
      c.labels = [1, 0, 0, 7]
      #expect(c.evaluate().correct == 2)
      c.loss = definition.loss(.values)
      c.targets = [0, 1, 1, 0, 0.5, 0.25, 1, 0, 0, 1, 0, 0]
      #expect(c.evaluate().correct == 1)
    }

    @Test(arguments: definitions)
    func `NaN is not hidden, far logits do not overflow`(_ definition: Definition) {
      var c = LossCase(definition.loss(.values), Shape(features: 3), batch: 1, valid: 1, seed: 1)
      c.x = [1, .nan, 2]
      let result = c.evaluate()
      #expect(result.loss.isNaN && result.gradient[1].isNaN && result.gradient[0].isFinite)
      c.x = [1000, -1000, 0]
      #expect(c.evaluate().loss.isFinite && c.evaluate().gradient.allSatisfy { $0.isFinite })
    }

    @Test(arguments: 0..<20 as Range<UInt64>)
    func `localization is the sum over samples that show an object`(seed: UInt64) {
      var loss = LocalizationLoss()
      loss.background = 1
      var c = LossCase.random(.localization(loss), seed: seed, vector: true)
      c.labels = c.labels.indices.map { $0 < c.valid ? Int32($0 % 3) : 1 }
      let error = c.error { x in
        (0..<c.validCount).reduce(0) { sum, i in
          c.labels[i / c.output.count] == 1 ? sum : sum + (x[i] - c.target(i)) * (x[i] - c.target(i))
        }
      }
      #expect(error < 2e-6)
      #expect(c.evaluate().correct == 0)
    }
  }
}
