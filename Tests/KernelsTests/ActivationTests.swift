import Foundation
import Kernels
import Testing

extension KernelTests {
  @Suite("Activation")
  struct ActivationTests {
    typealias Forward = @Sendable (Span<Float>, inout MutableSpan<Float>) -> Void
    typealias Backward = @Sendable (Span<Float>, Span<Float>, inout MutableSpan<Float>) -> Void

    /// A function, its kernels and its definition.
    struct Function: Sendable, CustomTestStringConvertible {
      var testDescription: String
      var definition: @Sendable (Double) -> Double
      var forward: Forward
      var backward: Backward
      /// Whether the backward kernel takes y; otherwise it takes x.
      var usesOutput = true
    }

    static let functions: [Function] = [
      Function(
        testDescription: "relu", definition: { max($0, 0) }, forward: { Activation.reluForward(x: $0, y: &$1) },
        backward: { Activation.reluBackward(y: $0, dy: $1, dx: &$2) }),
      Function(
        testDescription: "sigmoid", definition: { 1 / (1 + exp(-$0)) },
        forward: { Activation.sigmoidForward(x: $0, y: &$1) },
        backward: { Activation.sigmoidBackward(y: $0, dy: $1, dx: &$2) }),
      Function(
        testDescription: "tanh", definition: { tanh($0) }, forward: { Activation.tanhForward(x: $0, y: &$1) },
        backward: { Activation.tanhBackward(y: $0, dy: $1, dx: &$2) }),
      Function(
        testDescription: "gelu", definition: { $0 * 0.5 * erfc(-$0 / 2.0.squareRoot()) },
        forward: { Activation.geluForward(x: $0, y: &$1) },
        backward: { Activation.geluBackward(x: $0, dy: $1, dx: &$2) }, usesOutput: false),
    ]

    init() { #expect(prepared) }

    @Test("Forward is the definition, backward its central difference", arguments: functions)
    func definition(_ function: Function) {
      var dice = Dice(5)
      let (x, dy) = (dice.floats(333).map { 3 * $0 }, dice.floats(333))
      let y = written(x.count) { function.forward(x.span, &$0) }
      let dx = written(x.count) { function.backward((function.usesOutput ? y : x).span, dy.span, &$0) }
      let slopes = x.doubles.map { x in derivative([x], 0) { function.definition($0[0]) } }
      #expect(distance(y, x.doubles.map(function.definition)) < elementTolerance)
      #expect(distance(dx, zip(slopes, dy).map { $0 * Double($1) }) < 1e-6)
    }

    @Test("NaN is not hidden", arguments: functions)
    func notNumbers(_ function: Function) {
      let y = written(3) { function.forward([1, .nan, 2].span, &$0) }
      #expect(y[1].isNaN && y[0].isFinite && y[2].isFinite)
      let dx = written(3) { function.backward(y.span, [1, 1, 1].span, &$0) }
      #expect(dx[0].isFinite && dx[2].isFinite)
    }

    @Test("Far from zero nothing overflows")
    func extremes() {
      let x: [Float] = [-1e30, -100, 100, 1e30]
      #expect(written(4) { Activation.sigmoidForward(x: x.span, y: &$0) } == [0, 0, 1, 1])
      #expect(written(4) { Activation.geluForward(x: x.span, y: &$0) } == [-0.0, -0.0, 100, 1e30])
      let slopes = written(4) { Activation.geluBackward(x: x.span, dy: [1, 1, 1, 1].span, dx: &$0) }
      #expect(!slopes.contains { !$0.isFinite })
    }

    @Test("Softmax", arguments: 0..<10 as Range<UInt64>)
    func softmax(seed: UInt64) {
      var dice = Dice(seed)
      let (rows, columns) = (dice.integer(1...5), dice.integer(1...40))
      let (x, dy) = (dice.floats(rows * columns, mean: 1000), dice.floats(rows * columns))
      let y = written(x.count) { Activation.softmaxForward(rows: rows, columns: columns, x: x.span, y: &$0) }
      let dx = written(x.count) {
        Activation.softmaxBackward(rows: rows, columns: columns, y: y.span, dy: dy.span, dx: &$0)
      }
      let definition = { (x: [Double]) -> [Double] in
        (0..<rows).flatMap { row in
          let powers = x[row * columns..<(row + 1) * columns].map { exp($0 - 1000) }
          return powers.map { $0 / powers.reduce(0, +) }
        }
      }
      let loss = { (x: [Double]) in zip(definition(x), dy).reduce(0) { $0 + $1.0 * Double($1.1) } }
      #expect(distance(y, definition(x.doubles)) < elementTolerance)
      #expect(distance(dx, x.indices.map { derivative(x.doubles, $0, loss) }) < 1e-6)
    }
  }
}
