import Foundation
import Kernels
import Operators
import Testing

extension KernelTests {
  @Suite("Pooling")
  struct PoolingTests {
    init() { #expect(prepared) }

    /// A window with data.
    struct Case {
      var window: Window
      var channels: Int
      var batch: Int
      var x: [Float]
      var dy: [Float]

      init(_ seed: UInt64) {
        var dice = Dice(seed)
        var window = randomWindow(&dice)
        while window.output.count == 0 { window = randomWindow(&dice) }
        self.init(window, &dice)
      }

      init(_ window: Window, _ dice: inout Dice) {
        self.window = window
        channels = dice.integer(1...20)
        batch = dice.integer(1...3)
        x = dice.ties(batch * window.input.count * channels)
        dy = dice.floats(batch * window.output.count * channels)
      }

      /// Calls `body` with the element of y and the elements of x under its window, in row-major order.
      func forEachWindow(_ body: (_ y: Int, _ x: [Int]) -> Void) {
        for pixel in 0..<batch * window.output.count {
          let positions = (0..<window.kernel.count).compactMap { inputPosition(window, pixel: pixel, tap: $0) }
          for c in 0..<channels { body(pixel * channels + c, positions.map { $0 * channels + c }) }
        }
      }

      func power(_ exponent: Float) -> [Float] {
        written(dy.count) {
          Pooling.powerForward(
            window: window, channels: channels, batch: batch, exponent: exponent, x: x.span, y: &$0)
        }
      }

      func powerGradient(_ exponent: Float) -> [Float] {
        written(x.count) {
          Pooling.powerBackward(
            window: window, channels: channels, batch: batch, exponent: exponent, x: x.span,
            y: power(exponent).span, dy: dy.span, dx: &$0)
        }
      }

      func maximum() -> (y: [Float], indices: [Int32]) {
        var indices = [Int32](repeating: -7, count: dy.count)
        var span = indices.mutableSpan
        let y = written(dy.count) {
          Pooling.maxForward(window: window, channels: channels, batch: batch, x: x.span, y: &$0, indices: &span)
        }
        return (y, indices)
      }
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `maximum: the first of equals in row-major order`(seed: UInt64) {
      let c = Case(seed)
      var y = [Float](repeating: -.infinity, count: c.dy.count)
      var indices = [Int32](repeating: -1, count: y.count)
      var dx = [Double](repeating: 0, count: c.x.count)
      c.forEachWindow { k, candidates in
        for i in candidates where c.x[i] > y[k] {
          y[k] = c.x[i]
          indices[k] = Int32(i / c.channels % c.window.input.count)
        }
        if let taken = candidates.first(where: { c.x[$0] == y[k] }) { dx[taken] += Double(c.dy[k]) }
      }
      let got = c.maximum()
      #expect(got.y == y)
      #expect(got.indices == indices)
      let gradient = written(c.x.count) {
        Pooling.maxBackward(
          window: c.window, channels: c.channels, batch: c.batch, dy: c.dy.span, indices: got.indices.span, dx: &$0)
      }
      #expect(distance(gradient, dx) < elementTolerance)
    }

    @Test
    func `maximum: NaN wins, padding does not`() {
      var c = Case(0)
      c.window = Window(input: Extent(2), kernel: Extent(2), padding: Padding(Extent(1)))
      (c.channels, c.batch) = (1, 1)
      c.x = [-5, .nan, -.infinity, -7]
      c.dy = [Float](repeating: 1, count: 9)
      let got = c.maximum()
      #expect(got.indices == [0, 1, 1, 0, 1, 1, 2, 3, 3])
      #expect(got.y[0] == -5 && got.y[1].isNaN && got.y[4].isNaN && got.y[6] == -.infinity && got.y[8] == -7)
    }

    @Test(arguments: 100..<120 as Range<UInt64>, [1, 1.5, 2, 3] as [Float])
    func `the p-norm and its gradient`(seed: UInt64, exponent: Float) {
      var c = Case(seed)
      // Half of the cases have many zeros, the others none.
      var dice = Dice(seed)
      if seed % 2 == 0 { c.x = dice.floats(c.x.count) }
      let p = Double(exponent)
      var y = [Double](repeating: 0, count: c.dy.count)
      var dx = [Double](repeating: 0, count: c.x.count)
      c.forEachWindow { k, candidates in
        y[k] = pow(candidates.reduce(0) { $0 + pow(abs(Double(c.x[$1])), p) }, 1 / p)
        for i in candidates where c.x[i] != 0 {
          let slope = pow(abs(Double(c.x[i])) / y[k], p - 1)
          dx[i] += Double(c.dy[k]) * (c.x[i] < 0 ? -slope : slope)
        }
      }
      #expect(distance(c.power(exponent), y, scale: 1) < sumTolerance)
      #expect(distance(c.powerGradient(exponent), dx, scale: 1) < sumTolerance)
    }

    @Test(arguments: [1, 2, 3.5] as [Float])
    func `the p-norm: its gradient is the central difference`(exponent: Float) {
      var dice = Dice(7)
      let c = Case(Window(input: Extent(4), kernel: Extent(3), padding: Padding(Extent(1))), &dice)
      let loss = { (x: [Double]) in
        var sum = 0.0
        c.forEachWindow { k, candidates in
          let powers = candidates.reduce(0) { $0 + pow(abs(x[$1]), Double(exponent)) }
          sum += Double(c.dy[k]) * pow(powers, 1 / Double(exponent))
        }
        return sum
      }
      let got = c.powerGradient(exponent)
      for i in c.x.indices where c.x[i] != 0 {
        #expect(abs(Double(got[i]) - derivative(c.x.doubles, i, loss)) < 1e-5)
      }
    }

    @Test(arguments: [1, 2, 3] as [Float])
    func `the p-norm of zeros has the gradient 0, that of NaN is NaN`(exponent: Float) {
      var c = Case(0)
      c.window = Window(input: Extent(2), kernel: Extent(1))
      (c.channels, c.batch) = (1, 1)
      c.x = [0, 1e-30, .nan, -2]
      c.dy = [1, 1, 1, 1]
      let (y, dx) = (c.power(exponent), c.powerGradient(exponent))
      #expect(y[0] == 0 && y[2].isNaN && abs(y[3] - 2) < 1e-6)
      #expect(dx[0] == 0 && dx[1].isFinite && dx[2].isNaN && abs(dx[3] + 1) < 1e-6)
    }

    @Test(arguments: 200..<210 as Range<UInt64>)
    func `mean over the whole plane`(seed: UInt64) {
      var dice = Dice(seed)
      let (batch, positions, channels) = (dice.integer(1...3), dice.integer(1...90), dice.integer(1...140))
      let (x, dy) = (dice.floats(batch * positions * channels), dice.floats(batch * channels))
      var y = [Double](repeating: 0, count: dy.count)
      var dx = [Double](repeating: 0, count: x.count)
      for i in x.indices {
        let k = i / (positions * channels) * channels + i % channels
        y[k] += Double(x[i]) / Double(positions)
        dx[i] = Double(dy[k]) / Double(positions)
      }
      let got = written(y.count) {
        Pooling.globalAverageForward(positions: positions, channels: channels, batch: batch, x: x.span, y: &$0)
      }
      let gradient = written(dx.count) {
        Pooling.globalAverageBackward(positions: positions, channels: channels, batch: batch, dy: dy.span, dx: &$0)
      }
      #expect(distance(got, y) < elementTolerance)
      #expect(distance(gradient, dx) < elementTolerance)
    }
  }
}
