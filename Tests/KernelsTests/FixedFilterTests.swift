import Kernels
import Operators
import Testing

extension KernelTests {
  @Suite("Fixed filters")
  struct FixedFilterTests {
    init() { #expect(prepared) }

    /// Filters with data.
    struct Case: Sendable, CustomTestStringConvertible {
      var geometry: FilterGeometry
      var batch: Int
      var x: [Float]
      var dy: [Float]

      init(_ window: Window, channels: Int, filters: Int, batch: Int, seed: UInt64) {
        var dice = Dice(seed)
        self.batch = batch
        geometry = FilterGeometry(
          window: window, channels: channels, filters: dice.floats(filters * window.kernel.count))
        x = dice.floats(batch * window.input.count * channels)
        dy = dice.floats(batch * geometry.output.count)
      }

      static func random(_ seed: UInt64) -> Case {
        var dice = Dice(seed)
        var window = randomWindow(&dice)
        while window.output.count == 0 { window = randomWindow(&dice) }
        return Case(
          window, channels: [1, 3, 17, 33, 64, 70][dice.integer(0...5)], filters: dice.integer(1...3),
          batch: dice.integer(1...3), seed: seed &+ 1000)
      }

      var testDescription: String {
        "\(batch)×\(geometry.channels)×\(geometry.window.input), kernel \(geometry.window.kernel), \(geometry.count)"
      }

      func forward() -> [Float] {
        written(dy.count) { FixedFilters.forward(geometry, batch: batch, x: x.span, y: &$0) }
      }

      func backward() -> [Float] {
        written(x.count) { FixedFilters.backward(geometry, batch: batch, dy: dy.span, dx: &$0) }
      }
    }

    static let corners = [
      Case(Window(input: Extent(1), kernel: Extent(1)), channels: 1, filters: 1, batch: 1, seed: 1),
      // A kernel larger than the input.
      Case(
        Window(input: Extent(2), kernel: Extent(5), padding: Padding(Extent(2))), channels: 17, filters: 2, batch: 2,
        seed: 2),
      // Padding on one side.
      Case(
        Window(
          input: Extent(4), kernel: Extent(2), stride: Extent(2),
          padding: Padding(top: 0, left: 1, bottom: 0, right: 1)),
        channels: 33, filters: 8, batch: 1, seed: 3),
    ]

    @Test(arguments: corners + (0..<40).map(Case.random))
    func `both passes agree with the definition`(_ c: Case) {
      let g = c.geometry
      var y = [Double](repeating: 0, count: c.dy.count)
      var dx = [Double](repeating: 0, count: c.x.count)
      for pixel in 0..<c.batch * g.window.output.count {
        for tap in 0..<g.window.kernel.count {
          guard let position = inputPosition(g.window, pixel: pixel, tap: tap) else { continue }
          for k in 0..<g.channels * g.count {
            let weight = Double(g.filters[k % g.count * g.window.kernel.count + tap])
            let (i, o) = (position * g.channels + k / g.count, pixel * g.channels * g.count + k)
            y[o] += weight * Double(c.x[i])
            dx[i] += weight * Double(c.dy[o])
          }
        }
      }
      let (got, gradient) = (c.forward(), c.backward())
      #expect(distance(got, y, scale: 10) < elementTolerance)
      #expect(distance(gradient, dx, scale: 10) < elementTolerance)
      let scale = product(got, got).squareRoot() * product(c.dy, c.dy).squareRoot()
      #expect(abs(product(got, c.dy) - product(c.x, gradient)) <= 1e-6 * max(scale, 1))
    }

    @Test
    func `NaN reaches the outputs that see it, in its own channel`() {
      var c = Case(Window(input: Extent(5), kernel: Extent(3)), channels: 2, filters: 2, batch: 1, seed: 5)
      c.x[0] = .nan
      let y = c.forward()
      #expect(y.indices.filter { y[$0].isNaN } == [0, 1])
    }
  }
}
