import Kernels
import Testing

extension KernelTests {
  @Suite("Optimizer")
  struct OptimizerTests {
    /// Each update with some settings; two states are enough for all.
    static let updates: [(name: String, update: @Sendable (UpdatePiece) -> Void)] = [
      ("sgd", { Optimizer.descend($0, rate: 0.1, decay: 5e-4) }),
      ("momentum", { Optimizer.descend($0, rate: 0.1, decay: 5e-4, momentum: 0.9, nesterov: false) }),
      ("nesterov", { Optimizer.descend($0, rate: 0.1, decay: 5e-4, momentum: 0.9, nesterov: true) }),
      ("dampened", { Optimizer.descend($0, rate: 0.1, decay: 5e-4, momentum: 0.9, fresh: 0.5) }),
      ("adam", { Optimizer.adam($0, adam) }),
      ("adamax", { Optimizer.adamax($0, adam) }),
      (
        "lamb",
        {
          Optimizer.adamDirection($0, adam)
          Optimizer.descend($0, rate: 0.1, decay: 0)
        }
      ),
      (
        "rmsprop",
        {
          Optimizer.rootMeanSquareDirection($0, keep: 0.9, fresh: 0.1, epsilon: 1e-6, decay: 0.01, mean: nil)
          Optimizer.descend($0, rate: 0.1, decay: 0)
        }
      ),
      (
        "centered",
        {
          Optimizer.rootMeanSquareDirection($0, keep: 0.9, fresh: 0.1, epsilon: 1e-3, decay: 0.01, mean: 1)
          Optimizer.descend($0, rate: 0.1, decay: 0)
        }
      ),
      (
        "adagrad",
        {
          Optimizer.adagradDirection($0, epsilon: 1e-6, decay: 0.01)
          Optimizer.descend($0, rate: 0.1, decay: 0)
        }
      ),
      (
        "clipped",
        {
          Optimizer.clampGradient($0, to: 0.5)
          Optimizer.scaleGradient($0, by: 0.3)
          Optimizer.descend($0, rate: 0.1, decay: 0)
        }
      ),
      (
        "averaged",
        {
          Optimizer.averageWeights($0, part: 0.25, state: 1)
          Optimizer.takeWeights($0, fromState: 1)
        }
      ),
    ]

    private static var adam: Optimizer.AdamFactors {
      var factors = Optimizer.AdamFactors(
        rate: 0.1, fresh1: 0.1, beta2: 0.99, fresh2: 0.01, rootScale: 1.5, epsilon: 1e-6)
      (factors.shrink, factors.penalty) = (0.99, 0.01)
      return factors
    }

    /// The weights after one update, with states of squares, so that roots are of something positive.
    static func weights(after update: (UpdatePiece) -> Void, _ gradient: [Float], _ start: [Float]) -> [Float] {
      let count = start.count
      var (g, w, s) = (Array(gradient.prefix(count)), start, (start + start).map { $0 * $0 })
      unsafe g.withUnsafeMutableBufferPointer { g in
        unsafe w.withUnsafeMutableBufferPointer { w in
          unsafe s.withUnsafeMutableBufferPointer { s in
            guard let g = g.baseAddress, let w = w.baseAddress, let s = s.baseAddress else { return }
            unsafe update(UpdatePiece(count: count, gradient: g, weights: w, states: s, stride: count))
          }
        }
      }
      return w
    }

    init() { #expect(prepared) }

    /// Segments depend on the number of ranks, the weights must not.
    @Test(arguments: updates.indices, 0..<5 as Range<UInt64>)
    func `however the work is cut, the bits are the same`(index: Int, seed: UInt64) {
      var dice = Dice(seed)
      let (g, w) = (dice.floats(300), dice.floats(300))
      let update = Self.updates[index].update
      let cuts = [0] + (0..<9).map { _ in dice.integer(0...300) }.sorted() + [300]
      let parts = zip(cuts, cuts.dropFirst()).flatMap { start, end in
        start == end ? [] : Self.weights(after: update, Array(g[start..<end]), Array(w[start..<end]))
      }
      #expect(bits(parts) == bits(Self.weights(after: update, g, w)))
    }

    @Test
    func `running statistics take the exponential average`() {
      var dice = Dice(8)
      let (observation, start) = (dice.floats(77), dice.floats(77))
      let got = changed(start) {
        Optimizer.exponentialAverage(rate: 0.1, observation: observation.span, scale: 0.25, average: &$0)
      }
      let want = zip(start, observation).map { 0.9 * Double($0) + 0.1 * 0.25 * Double($1) }
      #expect(distance(got, want) < elementTolerance)
    }
  }
}
