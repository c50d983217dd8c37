import Foundation
import Kernels
import Operators
import Testing

extension KernelTests {
  @Suite("Activation")
  struct ActivationTests {
    /// A function and its definition.
    struct Function: Sendable, CustomTestStringConvertible {
      var function: ActivationFunction
      var definition: @Sendable (Double) -> Double

      init(_ function: ActivationFunction, _ definition: @escaping @Sendable (Double) -> Double) {
        self.function = function
        self.definition = definition
      }

      var testDescription: String { "\(function)" }

      func forward(_ x: [Float]) -> [Float] { written(x.count) { Activation.forward(function, x: x.span, y: &$0) } }

      /// The backward pass from what it saves of x.
      func backward(_ x: [Float], dy: [Float]) -> [Float] {
        slopes(saved: function.differentiatesInput ? x : forward(x), dy: dy)
      }

      func slopes(saved: [Float], dy: [Float]) -> [Float] {
        written(dy.count) { Activation.backward(function, saved: saved.span, dy: dy.span, dx: &$0) }
      }
    }

    static let functions: [Function] = [
      Function(.relu) { max($0, 0) },
      Function(.relu6) { min(max($0, 0), 6) },
      Function(.leakyReLU(slope: 0.01)) { $0 > 0 ? $0 : Double(Float(0.01)) * $0 },
      Function(.leakyReLU(slope: 0)) { max($0, 0) },
      Function(.elu(alpha: 1)) { $0 > 0 ? $0 : expm1($0) },
      Function(.elu(alpha: 0.25)) { $0 > 0 ? $0 : 0.25 * expm1($0) },
      Function(.sigmoid) { 1 / (1 + exp(-$0)) },
      Function(.tanh) { tanh($0) },
      Function(.gelu(.exact)) { $0 * 0.5 * erfc(-$0 / 2.0.squareRoot()) },
      Function(.gelu(.tanh)) { 0.5 * $0 * (1 + tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * $0 * $0 * $0))) },
      Function(.silu) { $0 / (1 + exp(-$0)) },
      Function(.hardSigmoid) { min(max($0 / 6 + 0.5, 0), 1) },
      Function(.hardSwish) { $0 * min(max($0 / 6 + 0.5, 0), 1) },
      Function(.softplus(beta: 1)) { log1p(exp($0)) },
      Function(.softplus(beta: 2.5)) { log1p(exp(2.5 * $0)) / 2.5 },
    ]

    init() { #expect(prepared) }

    @Test(arguments: functions, [1, 17, 333])
    func `forward is the definition, backward its central difference`(_ function: Function, count: Int) {
      var dice = Dice(UInt64(count))
      let (x, dy) = (dice.floats(count).map { 3 * $0 }, dice.floats(count))
      let slopes = x.doubles.map { x in derivative([x], 0) { function.definition($0[0]) } }
      #expect(distance(function.forward(x), x.doubles.map(function.definition), scale: 1) < 10 * elementTolerance)
      #expect(distance(function.backward(x, dy: dy), zip(slopes, dy).map { $0 * Double($1) }, scale: 1) < 2e-6)
    }

    @Test(arguments: functions)
    func `what is small stays exact`(_ function: Function) {
      // The definitions of GELU and of the hard functions lose what is small themselves.
      let x: [Float] = [-9, -5, -1e-3, -1e-6, 1e-6, 1e-3]
      switch function.function {
      case .gelu(.tanh), .hardSigmoid, .hardSwish: return
      default: break
      }
      for (got, want) in zip(function.forward(x), x.doubles.map(function.definition)) {
        #expect(abs(Double(got) - want) <= 4e-6 * abs(want))
      }
    }

    @Test(arguments: functions)
    func `NaN is not hidden`(_ function: Function) {
      let x = (0..<19).map { $0 % 3 == 1 ? Float.nan : Float($0) - 9 }
      let y = function.forward(x)
      #expect(zip(x, y).allSatisfy { $0.isNaN == $1.isNaN })
      let dx = function.slopes(
        saved: function.function.differentiatesInput ? x : y, dy: x.map { $0.isNaN ? .nan : 1 })
      #expect(zip(x, dx).allSatisfy { $0.isNaN == $1.isNaN })
    }

    @Test(arguments: functions)
    func `far from zero nothing overflows`(_ function: Function) {
      let x: [Float] = [-1e30, -1e10, -100, 100, 1e10, 1e30]
      #expect(!function.forward(x).contains { !$0.isFinite })
      #expect(!function.backward(x, dy: x.map { _ in 1 }).contains { !$0.isFinite })
    }

    @Test
    func `far from zero each function has its limit`() {
      let x: [Float] = [-1e30, -100, 100, 1e30]
      let forward = { (function: ActivationFunction) in
        written(4) { Activation.forward(function, x: x.span, y: &$0) }
      }
      #expect(forward(.sigmoid) == [0, 0, 1, 1])
      #expect(forward(.gelu(.exact)) == [0, 0, 100, 1e30])
      #expect(forward(.gelu(.tanh)) == [0, 0, 100, 1e30])
      #expect(forward(.silu)[2...] == [100, 1e30])
      #expect(forward(.hardSwish) == [0, 0, 100, 1e30])
      #expect(forward(.softplus(beta: 1))[2...] == [100, 1e30])
    }

    @Test
    func `at the corners the derivative is PyTorch's`() {
      let slopes = { (function: ActivationFunction, saved: [Float]) in
        written(saved.count) {
          Activation.backward(function, saved: saved.span, dy: saved.map { _ in 1 }.span, dx: &$0)
        }
      }
      #expect(slopes(.relu, [-0.0, 0, 1]) == [0, 0, 1])
      #expect(slopes(.relu6, [0, 1, 5.9999995, 6]) == [0, 1, 1, 0])
      #expect(slopes(.leakyReLU(slope: 0.5), [-0.0, 0, 1]) == [0.5, 0.5, 1])
      #expect(slopes(.elu(alpha: 0.5), [-0.5, 0, 1]) == [0, 0.5, 1])
      #expect(slopes(.hardSigmoid, [0, 0.5, 1]) == [0, 1 / 6, 0])
      #expect(slopes(.hardSwish, [-3.5, -3, 0, 3, 3.5]) == [0, -0.5, 0.5, 1.5, 1])
      #expect(slopes(.softplus(beta: 2), [0, 1e-9, .infinity]) == [0, 2e-9, 1])
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `softmax and its gradient agree with the definition`(seed: UInt64) {
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
