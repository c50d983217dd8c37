import Foundation
import Kernels
import Operators
import Testing

extension KernelTests {
  @Suite("Local response normalization")
  struct LocalResponseTests {
    init() { #expect(prepared) }

    /// Data of [row][channel].
    struct Case: Sendable, CustomTestStringConvertible {
      var response: LocalResponse
      var rows: Int
      var x: [Float]
      var dy: [Float]

      init(channels: Int, size: Int, beta: Float, rows: Int) {
        var dice = Dice(UInt64(channels * 100 + size))
        response = LocalResponse(channels: channels, size: size, alpha: 0.5, beta: beta, k: 1.5)
        self.rows = rows
        x = dice.floats(rows * channels)
        dy = dice.floats(rows * channels)
      }

      var testDescription: String { "\(rows) rows of \(response)" }

      func forward() -> (y: [Float], sums: [Float]) {
        var sums: [Float] = []
        let y = written(x.count) { y in
          sums = written(x.count) { sums in
            LocalResponseNormalization.forward(response, rows: rows, x: x.span, y: &y, sums: &sums)
          }
        }
        return (y, sums)
      }

      func backward() -> [Float] {
        let (y, sums) = forward()
        return written(x.count) {
          LocalResponseNormalization.backward(
            response, rows: rows, x: x.span, y: y.span, sums: sums.span, dy: dy.span, dx: &$0)
        }
      }

      func sums(_ x: [Double]) -> [Double] {
        x.indices.map { i in
          let row = i - i % response.channels
          let squares = response.neighbours(of: i % response.channels).reduce(0) { $0 + x[row + $1] * x[row + $1] }
          return Double(response.k) + Double(response.alpha) / Double(response.size) * squares
        }
      }

      func output(_ x: [Double]) -> [Double] { zip(x, sums(x)).map { $0 * pow($1, -Double(response.beta)) } }
    }

    /// Even and odd sizes, sizes beyond the channels, vector tails, the paper's exponent and others.
    static let cases = [(1, 1), (1, 5), (2, 2), (3, 9), (17, 4), (33, 5), (64, 3), (96, 5), (5, 1)].flatMap { shape in
      [0.75, 0.5, 1.25].map { Case(channels: shape.0, size: shape.1, beta: $0, rows: 3) }
    }

    @Test(arguments: cases)
    func `forward is the definition, backward its central difference`(_ c: Case) {
      let got = c.forward()
      #expect(distance(got.sums, c.sums(c.x.doubles)) < elementTolerance)
      #expect(distance(got.y, c.output(c.x.doubles)) < elementTolerance)
      let gradient = c.backward()
      let loss = { (x: [Double]) in zip(c.output(x), c.dy).reduce(0) { $0 + $1.0 * Double($1.1) } }
      #expect(distance(gradient, c.x.indices.map { derivative(c.x.doubles, $0, loss) }) < 1e-6)
    }

    @Test
    func `NaN reaches its neighbours and no other row`() {
      var c = Case(channels: 9, size: 3, beta: 0.75, rows: 2)
      c.x[4] = .nan
      let y = c.forward().y
      #expect(y.indices.filter { y[$0].isNaN } == [3, 4, 5])
    }
  }
}
