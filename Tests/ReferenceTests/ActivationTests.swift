import Foundation
import Network
import Operators
import Reference
import Testing

/// The element-wise activations against their formulas, and their slopes at the kinks.
struct ActivationTests {
  private static let points: [Double] = [-8, -3, -2.5, -1, 0, 0.5, 2, 3, 5, 6, 9]

  private static let formulas: [(ActivationFunction, @Sendable (Double) -> Double)] = [
    (.relu, { max(0, $0) }),
    (.relu6, { min(max(0, $0), 6) }),
    (.leakyReLU(slope: 0.25), { $0 > 0 ? $0 : 0.25 * $0 }),
    (.elu(alpha: 1.5), { $0 > 0 ? $0 : 1.5 * (exp($0) - 1) }),
    (.sigmoid, { 0.5 * (1 + tanh($0 / 2)) }),
    (.tanh, { 1 - 2 / (exp(2 * $0) + 1) }),
    (.gelu(.exact), { 0.5 * $0 * (1 + erf($0 / 2.squareRoot())) }),
    (.gelu(.tanh), { $0 / (1 + exp(-2 * (2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) }),
    (.silu, { $0 / (1 + exp(-$0)) }),
    (.hardSigmoid, { min(max(0, $0 / 6 + 0.5), 1) }),
    (.hardSwish, { $0 * min(max(0, $0 + 3), 6) / 6 }),
    (.softplus(beta: 2), { log(1 + exp(2 * $0)) / 2 }),
  ]

  @Test(arguments: formulas)
  func `a function is its formula`(function: ActivationFunction, formula: @Sendable (Double) -> Double) throws {
    let input = Shape(features: Self.points.count)
    let y = try output(.activation(function), input: input, image: Self.points)
    #expect(agree(y, Self.points.map(formula), within: 1e-14))
  }

  @Test(arguments: [
    (ActivationFunction.relu, 0, 0), (.relu6, 0, 0), (.relu6, 6, 0), (.leakyReLU(slope: 0.25), 0, 0.25),
    (.elu(alpha: 1.5), 0, 1.5), (.hardSigmoid, -3, 0), (.hardSigmoid, 3, 0), (.hardSwish, -3, -0.5),
    (.hardSwish, 3, 1.5), (.hardSwish, -3.001, 0), (.hardSwish, 3.001, 1),
  ])
  func `the slope at a kink is PyTorch's`(function: ActivationFunction, x: Double, slope: Double) throws {
    let alone = try Alone(.activation(function), input: Shape(features: 1))
    #expect(agree(alone.backward([x], direction: [1]).imageGradient ?? [], [slope], within: 1e-14))
  }

  @Test(arguments: formulas)
  func `nothing overflows far from zero`(function: ActivationFunction, formula: @Sendable (Double) -> Double) throws {
    let alone = try Alone(.activation(function), input: Shape(features: 2))
    let result = alone.backward([-1e4, 1e4], direction: [1, 1])
    #expect(result.logits.allSatisfy(\.isFinite) && result.imageGradient?.allSatisfy(\.isFinite) == true)
  }

  @Test(arguments: UInt64(0)..<10)
  func `the probabilities of each position add up to 1`(seed: UInt64) throws {
    let (layer, input) = try #require(OperatorCases.layer("softmax", seed: seed))
    let y = try output(layer, input: input, image: normals(input.count, seed: seed).map { 20 * $0 })
    for start in stride(from: 0, to: y.count, by: input.channels) {
      let sum: Double = y[start..<start + input.channels].reduce(0, +)
      #expect(abs(sum - 1) < 1e-14)
    }
  }
}
