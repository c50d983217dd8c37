import Kernels
import Testing

extension KernelTests {
  @Suite("Optimizer")
  struct OptimizerTests {
    /// The settings of a step.
    struct Settings: Sendable {
      var momentum: Float
      var nesterov: Bool
    }

    static let all = [
      Settings(momentum: 0, nesterov: false), Settings(momentum: 0.9, nesterov: false),
      Settings(momentum: 0.9, nesterov: true),
    ]

    init() { #expect(prepared) }

    static func step(_ s: Settings, _ g: Span<Float>, _ v: inout MutableSpan<Float>, _ w: inout MutableSpan<Float>) {
      Optimizer.sgd(
        learningRate: 0.1, momentum: s.momentum, nesterov: s.nesterov, weightDecay: 5e-4, gradient: g,
        momentumBuffer: &v, parameters: &w)
    }

    @Test("Three steps follow PyTorch's formula", arguments: all)
    func formula(_ settings: Settings) {
      var dice = Dice(3)
      let start = dice.floats(501)
      var (v, w) = ([Float](repeating: 0, count: settings.momentum == 0 ? 0 : 501), start)
      var (velocity, weight) = ([Double](repeating: 0, count: 501), start.doubles)
      for _ in 0..<3 {
        let g = dice.floats(501)
        for i in g.indices {
          let decayed = Double(g[i]) + 5e-4 * weight[i]
          velocity[i] = Double(settings.momentum) * velocity[i] + decayed
          weight[i] -= 0.1 * (settings.nesterov ? decayed + Double(settings.momentum) * velocity[i] : velocity[i])
        }
        var vSpan = v.mutableSpan
        var wSpan = w.mutableSpan
        Self.step(settings, g.span, &vSpan, &wSpan)
      }
      #expect(distance(w, weight) < elementTolerance)
      if settings.momentum != 0 { #expect(distance(v, velocity) < elementTolerance) }
    }

    /// Segments depend on the number of ranks, the weights must not.
    @Test("However the work is cut, the bits are the same", arguments: all, 0..<5 as Range<UInt64>)
    func cuts(_ settings: Settings, seed: UInt64) throws {
      var dice = Dice(seed)
      let count = 300
      let (g, w, v) = (dice.floats(count), dice.floats(count), dice.floats(count))
      let run = { (cuts: [Int]) throws -> [UInt32] in
        var weights = try AlignedBuffer.holding(w)
        var velocities = try AlignedBuffer.holding(v)
        for (start, end) in zip(cuts, cuts.dropFirst()) {
          weights.withMutableSpan(start..<end) { weights in
            velocities.withMutableSpan(start..<end) { velocities in
              Self.step(settings, g.span.extracting(start..<end), &velocities, &weights)
            }
          }
        }
        return bits(weights.array()) + bits(velocities.array())
      }
      let inner = (0..<9).map { _ in dice.integer(0...count) }.sorted()
      #expect(try run([0] + inner + [count]) == run([0, count]))
    }

    @Test("Exponential average")
    func average() {
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
