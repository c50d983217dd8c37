import Foundation
import Kernels
import Testing

extension KernelTests {
  @Suite("Batch normalization")
  struct BatchNormalizationTests {
    static let epsilon: Float = 1e-5

    /// Data of [row][channel].
    struct Case: Sendable, CustomTestStringConvertible {
      var rows: Int
      var channels: Int
      var x: [Float]
      var scale: [Float]
      var shift: [Float]
      var dy: [Float]
      var residual: [Float] = []
      var relu = false

      init(rows: Int, channels: Int, mean: Double = 0.5) {
        var dice = Dice(UInt64(rows * 1000 + channels))
        self.rows = rows
        self.channels = channels
        x = dice.floats(rows * channels, mean: mean)
        scale = dice.floats(channels, mean: 1)
        shift = dice.floats(channels)
        dy = dice.floats(rows * channels)
      }

      /// The same with a residual and a ReLU.
      func fused(adds: Bool) -> Case {
        var c = self
        var dice = Dice(UInt64(rows + 7))
        if adds { c.residual = dice.floats(rows * channels) }
        c.relu = true
        return c
      }

      var testDescription: String { "\(rows) rows of \(channels) channels" }

      func forward() -> (y: [Float], mean: [Float], inverse: [Float], variance: [Float]) {
        var (mean, inverse, variance) = ([Float](), [Float](), [Float]())
        let y = written(x.count) { y in
          mean = written(channels) { mean in
            inverse = written(channels) { inverse in
              variance = written(channels) { variance in
                BatchNormalization.forwardTraining(
                  channels: channels, rows: rows, epsilon: epsilon, x: x.span, scale: scale.span, shift: shift.span,
                  residual: residual.span, relu: relu, y: &y, mean: &mean, rstd: &inverse,
                  variance: &variance)
              }
            }
          }
        }
        return (y, mean, inverse, variance)
      }

      func backward() -> (dx: [Float], dScale: [Float], dShift: [Float], dResidual: [Float]) {
        let (y, mean, inverse, _) = forward()
        let reads = relu && !residual.isEmpty
        var (dScale, dShift, dResidual) = ([Float](), [Float](), [Float]())
        let dx = written(x.count) { dx in
          dScale = written(channels) { dScale in
            dShift = written(channels) { dShift in
              dResidual = written(relu && !residual.isEmpty ? x.count : 0) { dResidual in
                BatchNormalization.backward(
                  channels: channels, rows: rows, x: x.span, y: reads ? y.span : Span(), dy: dy.span,
                  scale: scale.span, shift: relu && !reads ? shift.span : Span(), mean: mean.span,
                  rstd: inverse.span, dx: &dx, dResidual: &dResidual, dScale: &dScale, dShift: &dShift)
              }
            }
          }
        }
        return (dx, dScale, dShift, dResidual)
      }

      /// Positive numbers that are no variances of x.
      var variances: [Float] { shift.map { 0.5 + $0 * $0 } }

      /// Mean and biased variance of a channel.
      func statistics(_ x: [Double], _ channel: Int) -> (mean: Double, variance: Double) {
        let values = stride(from: channel, to: x.count, by: channels).map { x[$0] }
        let mean = values.reduce(0, +) / Double(rows)
        return (mean, values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(rows))
      }

      func normalized(_ x: [Double]) -> [Double] {
        let all = (0..<channels).map { statistics(x, $0) }
        return x.indices.map { i in
          let (mean, variance) = all[i % channels]
          return (x[i] - mean) / (variance + Double(epsilon)).squareRoot()
        }
      }

      func output(_ x: [Double]) -> [Double] {
        normalized(x).enumerated().map { $1 * Double(scale[$0 % channels]) + Double(shift[$0 % channels]) }
      }
    }

    /// Channels below, at and above the numbers that fill the registers and the width of a chunk; rows below and above
    /// a block, and not a multiple of it.
    static let cases = [
      (1, 3), (2, 1), (2, 5), (2, 64), (3, 70), (7, 16), (65, 6), (100, 33), (300, 64), (129, 130), (5000, 3),
      (4099, 1), (66, 1024), (5, 1100),
    ].map { Case(rows: $0.0, channels: $0.1) }

    init() { #expect(prepared) }

    @Test(arguments: cases)
    func `training agrees with the definition`(_ c: Case) {
      let got = c.forward()
      let want = (0..<c.channels).map { c.statistics(c.x.doubles, $0) }
      let unbiased = c.rows > 1 ? Double(c.rows) / Double(c.rows - 1) : 1
      #expect(distance(got.mean, want.map(\.mean)) < elementTolerance)
      #expect(distance(got.variance, want.map { $0.variance * unbiased }) < 1e-6)
      #expect(distance(got.inverse, want.map { 1 / ($0.variance + Double(Self.epsilon)).squareRoot() }) < 1e-6)
      #expect(distance(got.y, c.output(c.x.doubles)) < 2e-6)
    }

    @Test(arguments: cases, [0, 1, 2])
    func `with running statistics dx is dy times a factor`(_ c: Case, tail: Int) {
      let (running, masked, y) = (c.variances, tail > 0, c.output(c.x.doubles).map(Float.init))
      var (residual, factors) = ([Float](), [Float]())
      let dx = written(c.x.count) { dx in
        residual = written(tail > 1 ? c.x.count : 0) { residual in
          factors = written(c.channels) { factors in
            BatchNormalization.backwardEvaluation(
              channels: c.channels, rows: c.rows, epsilon: Self.epsilon, y: masked ? y.span : Span(), dy: c.dy.span,
              scale: c.scale.span, runningVariance: running.span, dx: &dx, dResidual: &residual, factors: &factors)
          }
        }
      }
      let own = c.dy.indices.map { masked && y[$0] <= 0 ? 0 : Double(c.dy[$0]) }
      let want = running.indices.map { Double(c.scale[$0]) / (Double(running[$0]) + Double(Self.epsilon)).squareRoot() }
      #expect(distance(factors, want) < elementTolerance)
      #expect(distance(dx, own.indices.map { own[$0] * want[$0 % c.channels] }) < elementTolerance)
      #expect(tail < 2 || residual.doubles == own)
    }

    @Test(arguments: cases)
    func `with running statistics scale and shift have gradients of their own`(_ c: Case) {
      let (running, mean) = (c.variances, c.shift)
      var (inverse, dScale, dShift) = ([Float](), [Float](), [Float]())
      _ = written(c.x.count) { dx in
        inverse = written(c.channels) { inverse in
          dScale = written(c.channels) { dScale in
            dShift = written(c.channels) { dShift in
              BatchNormalization.gradientsEvaluation(
                channels: c.channels, rows: c.rows, epsilon: Self.epsilon, x: c.x.span, dy: c.dy.span,
                runningMean: mean.span, runningVariance: running.span, dx: &dx, rstd: &inverse,
                dScale: &dScale, dShift: &dShift)
            }
          }
        }
      }
      var (scale, shift) = ([Double](repeating: 0, count: c.channels), [Double](repeating: 0, count: c.channels))
      for place in c.x.indices {
        let channel = place % c.channels
        let deviation = (Double(running[channel]) + Double(Self.epsilon)).squareRoot()
        shift[channel] += Double(c.dy[place])
        scale[channel] += Double(c.dy[place]) * (Double(c.x[place]) - Double(mean[channel])) / deviation
      }
      let exact = running.map { 1 / (Double($0) + Double(Self.epsilon)).squareRoot() }
      #expect(distance(inverse, exact) < elementTolerance)
      #expect(distance(dShift, shift) < 1e-6)
      #expect(distance(dScale, scale) < 1e-5)
    }

    @Test(arguments: cases)
    func `backward agrees with the formula`(_ c: Case) {
      let got = c.backward()
      let normalized = c.normalized(c.x.doubles)
      let rows = Double(c.rows)
      let factors = (0..<c.channels).map { channel in
        Double(c.scale[channel]) / (c.statistics(c.x.doubles, channel).variance + Double(Self.epsilon)).squareRoot()
      }
      var dScale = [Double](repeating: 0, count: c.channels)
      var dShift = [Double](repeating: 0, count: c.channels)
      for i in c.x.indices {
        dShift[i % c.channels] += Double(c.dy[i])
        dScale[i % c.channels] += Double(c.dy[i]) * normalized[i]
      }
      let dx = c.x.indices.map { i in
        let channel = i % c.channels
        return factors[channel] * (Double(c.dy[i]) - (dShift[channel] + normalized[i] * dScale[channel]) / rows)
      }
      #expect(distance(got.dShift, dShift) < 1e-6)
      #expect(distance(got.dScale, dScale) < 1e-5)
      // With few rows dx is a small difference of large terms, so the error is measured against those.
      let terms = c.dy.indices.map { abs(factors[$0 % c.channels] * Double(c.dy[$0])) }
      #expect(distance(got.dx, dx, scale: terms.max()) < 2e-6)
    }

    @Test(arguments: cases.filter { $0.x.count < 1000 && $0.rows > 2 })
    func `backward is the central difference of forward`(_ c: Case) {
      let loss = { (x: [Double]) in zip(c.output(x), c.dy).reduce(0) { $0 + $1.0 * Double($1.1) } }
      let got = c.backward().dx
      let scale = Double(got.map(abs).max() ?? 0)
      for i in stride(from: 0, to: c.x.count, by: 17) {
        #expect(abs(derivative(c.x.doubles, i, loss) - Double(got[i])) < 1e-4 * max(scale, 1))
      }
    }

    @Test(arguments: [1, 6, 64, 65])
    func `a mean far above the deviation costs no digits of the variance`(channels: Int) {
      let c = Case(rows: 3000, channels: channels, mean: 10_000)
      let want = (0..<channels).map { c.statistics(c.x.doubles, $0).variance * 3000 / 2999 }
      #expect(distance(c.forward().variance, want) < 1e-6)
    }

    @Test(arguments: cases, [false, true])
    func `a residual and a ReLU on the way change no bit`(_ plain: Case, adds: Bool) {
      let c = plain.fused(adds: adds)
      let sum = adds ? zip(plain.forward().y, c.residual).map { $0 + $1 } : plain.forward().y
      let want = sum.map { $0 < 0 ? 0 : $0 }
      #expect(bits(c.forward().y) == bits(want))
      var masked = plain
      masked.dy = zip(c.dy, want).map { $1 <= 0 ? 0 : $0 }
      let (got, expected) = (c.backward(), masked.backward())
      #expect(bits(got.dx) == bits(expected.dx))
      #expect(bits(got.dScale) == bits(expected.dScale) && bits(got.dShift) == bits(expected.dShift))
      #expect(bits(got.dResidual) == bits(adds ? masked.dy : []))
    }

    @Test(arguments: cases)
    func `evaluation uses the running statistics`(_ c: Case) {
      var dice = Dice(77)
      let mean = dice.floats(c.channels)
      let variance = dice.floats(c.channels).map { abs($0) + 0.1 }
      let y = written(c.x.count) {
        BatchNormalization.forwardEvaluation(
          channels: c.channels, rows: c.rows, epsilon: Self.epsilon, x: c.x.span, scale: c.scale.span,
          shift: c.shift.span, runningMean: mean.span, runningVariance: variance.span, residual: c.residual.span,
          relu: c.relu, y: &$0)
      }
      let want = c.x.indices.map { i in
        let channel = i % c.channels
        let deviation = (Double(variance[channel]) + Double(Self.epsilon)).squareRoot()
        let normalized = (Double(c.x[i]) - Double(mean[channel])) / deviation
        return normalized * Double(c.scale[channel]) + Double(c.shift[channel])
      }
      #expect(distance(y, want) < elementTolerance)
    }

    @Test
    func `NaN in a channel stays in that channel`() {
      var c = Case(rows: 9, channels: 5)
      c.x[7] = .nan
      let got = c.forward()
      for i in got.y.indices { #expect(got.y[i].isNaN == (i % 5 == 2)) }
      #expect(got.variance[2].isNaN)
    }
  }
}
