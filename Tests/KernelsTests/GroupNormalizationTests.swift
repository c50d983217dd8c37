import Foundation
import Kernels
import Operators
import Testing

extension KernelTests {
  @Suite("Group normalization")
  struct GroupNormalizationTests {
    static let epsilon: Float = 1e-5

    init() { #expect(prepared) }

    /// Groups with data.
    struct Case: Sendable, CustomTestStringConvertible {
      var groups: NormalizationGroups
      var batch: Int
      var x: [Float]
      var dy: [Float]
      /// Empty where the layer has none.
      var scale: [Float]
      var shift: [Float]

      init(_ groups: NormalizationGroups, batch: Int, mean: Double = 0.5, affine: Bool = true) {
        var dice = Dice(UInt64(groups.count * 10 + groups.groups))
        self.groups = groups
        self.batch = batch
        x = dice.floats(batch * groups.count, mean: mean)
        dy = dice.floats(batch * groups.count)
        scale = affine ? dice.floats(groups.channels, mean: 1) : []
        shift = affine ? dice.floats(groups.channels) : []
      }

      var testDescription: String {
        "\(batch) × \(groups.blocks) × \(groups.positions) × \(groups.channels), \(groups.groups) groups, "
          + "\(scale.count)"
      }

      func forward() -> (y: [Float], mean: [Float], inverse: [Float]) {
        var (mean, inverse) = ([Float](), [Float]())
        let y = written(x.count) { y in
          mean = written(batch * groups.meanCount) { mean in
            inverse = written(batch * groups.meanCount) { inverse in
              GroupNormalization.forward(
                groups, batch: batch, epsilon: epsilon, x: x.span, scale: scale.span, shift: shift.span, y: &y,
                mean: &mean, rstd: &inverse)
            }
          }
        }
        return (y, mean, inverse)
      }

      func backward() -> (dx: [Float], dScale: [Float], dShift: [Float]) {
        let (_, mean, inverse) = forward()
        var (dScale, dShift) = ([Float](), [Float]())
        let dx = written(x.count) { dx in
          dScale = written(scale.count) { dScale in
            dShift = written(shift.count) { dShift in
              GroupNormalization.backward(
                groups, batch: batch, x: x.span, dy: dy.span, scale: scale.span, mean: mean.span,
                rstd: inverse.span, dx: &dx, dScale: &dScale, dShift: &dShift)
            }
          }
        }
        return (dx, dScale, dShift)
      }

      /// The mean that element i is normalised with.
      func place(_ i: Int) -> Int {
        let block = i / (groups.positions * groups.channels)
        return block * groups.groups + i % groups.channels / (groups.channels / groups.groups)
      }

      /// Means over the groups.
      func means(_ x: [Double]) -> [Double] {
        var sums = [Double](repeating: 0, count: batch * groups.meanCount)
        for i in x.indices { sums[place(i)] += x[i] / Double(groups.groupCount) }
        return sums
      }

      func inverses(_ x: [Double]) -> [Double] {
        let mean = means(x)
        let squares = means(x.indices.map { (x[$0] - mean[place($0)]) * (x[$0] - mean[place($0)]) })
        return squares.map { 1 / ($0 + Double(epsilon)).squareRoot() }
      }

      func normalized(_ x: [Double]) -> [Double] {
        let (mean, inverse) = (means(x), inverses(x))
        return x.indices.map { (x[$0] - mean[place($0)]) * inverse[place($0)] }
      }

      /// The scale of element i.
      func weight(_ i: Int) -> Double { scale.isEmpty ? 1 : Double(scale[i % groups.channels]) }

      func output(_ x: [Double]) -> [Double] {
        normalized(x).enumerated().map {
          $1 * weight($0) + (shift.isEmpty ? 0 : Double(shift[$0 % groups.channels]))
        }
      }

      /// The gradients by their formula.
      func gradients() -> (dx: [Double], dScale: [Double], dShift: [Double]) {
        let (normalized, inverse) = (normalized(x.doubles), inverses(x.doubles))
        let g = dy.indices.map { Double(dy[$0]) * weight($0) }
        let (mean, slope) = (means(g), means(zip(g, normalized).map { $0 * $1 }))
        var dScale = [Double](repeating: 0, count: scale.count)
        var dShift = dScale
        for i in dy.indices where !scale.isEmpty {
          dScale[i % scale.count] += Double(dy[i]) * normalized[i]
          dShift[i % scale.count] += Double(dy[i])
        }
        let dx = g.indices.map { i in
          inverse[place(i)] * (g[i] - mean[place(i)] - normalized[i] * slope[place(i)])
        }
        return (dx, dScale, dShift)
      }
    }

    /// Group, instance and layer normalization; groups within, as wide as and wider than a chunk.
    static let shapes = [
      NormalizationGroups(positions: 1, channels: 2, groups: 1),
      NormalizationGroups(positions: 9, channels: 1, groups: 1),
      NormalizationGroups(positions: 9, channels: 6, groups: 3),
      NormalizationGroups(positions: 70, channels: 33, groups: 11),
      NormalizationGroups(positions: 49, channels: 64, groups: 32),
      NormalizationGroups(positions: 25, channels: 96, groups: 32),
      NormalizationGroups(positions: 10, channels: 130, groups: 2),
      NormalizationGroups(positions: 7, channels: 256, groups: 4),
      NormalizationGroups(positions: 200, channels: 3, groups: 1),
      NormalizationGroups(positions: 30, channels: 100, groups: 1),
      NormalizationGroups(positions: 300, channels: 3, groups: 3),
      NormalizationGroups(positions: 50, channels: 70, groups: 70),
      NormalizationGroups(blocks: 12, positions: 1, channels: 17, groups: 1),
      NormalizationGroups(blocks: 49, positions: 1, channels: 96, groups: 1),
      NormalizationGroups(blocks: 3, positions: 1, channels: 200, groups: 1),
      NormalizationGroups(blocks: 2, positions: 5, channels: 8, groups: 2),
    ]
    static let cases = shapes.flatMap { [Case($0, batch: 2), Case($0, batch: 1, affine: false)] }

    @Test(arguments: cases)
    func `forward is the definition`(_ c: Case) {
      let got = c.forward()
      #expect(distance(got.mean, c.means(c.x.doubles), scale: 1) < elementTolerance)
      #expect(distance(got.inverse, c.inverses(c.x.doubles)) < 1e-6)
      #expect(distance(got.y, c.output(c.x.doubles)) < 2e-6)
    }

    @Test(arguments: cases)
    func `backward is its formula`(_ c: Case) {
      let (got, want) = (c.backward(), c.gradients())
      // Among few numbers the terms of dx, as large as scale / deviation, cancel.
      #expect(distance(got.dx, want.dx, scale: c.inverses(c.x.doubles).max()) < 2 * sumTolerance)
      #expect(distance(got.dScale, want.dScale, scale: 10) < sumTolerance)
      #expect(distance(got.dShift, want.dShift, scale: 10) < sumTolerance)
    }

    @Test(arguments: shapes.filter { $0.count <= 250 })
    func `the formula is the central difference`(_ shape: NormalizationGroups) {
      let c = Case(shape, batch: 1)
      let loss = { (x: [Double]) in zip(c.output(x), c.dy).reduce(0) { $0 + $1.0 * Double($1.1) } }
      let dx = c.gradients().dx
      // A pair of numbers is normalised to ±1, so that little is left of the gradient.
      for i in dx.indices { #expect(abs(dx[i] - derivative(c.x.doubles, i, loss)) < 1e-4) }
    }

    @Test(arguments: shapes)
    func `a mean far from zero costs no more than its own rounding`(_ shape: NormalizationGroups) {
      let c = Case(shape, batch: 1, mean: 1000)
      guard shape.groupCount > 2 else { return }
      #expect(distance(c.forward().y, c.output(c.x.doubles)) < 2e-4)
      #expect(distance(c.forward().inverse, c.inverses(c.x.doubles)) < 1e-5)
    }

    @Test(arguments: cases)
    func `dx may take the place of dy`(_ c: Case) throws {
      let (_, mean, inverse) = c.forward()
      var gradient = try AlignedBuffer.holding(c.dy)
      // The kernel sees two spans of the same memory, as in the arena.
      let dy = unsafe UnsafeBufferPointer(start: gradient.unsafeBase, count: c.dy.count)
      var (dScale, dShift) = ([Float](), [Float]())
      gradient.withMutableSpan { dx in
        dScale = written(c.scale.count) { dScale in
          dShift = written(c.shift.count) { dShift in
            GroupNormalization.backward(
              c.groups, batch: c.batch, x: c.x.span, dy: unsafe dy.span, scale: c.scale.span, mean: mean.span,
              rstd: inverse.span, dx: &dx, dScale: &dScale, dShift: &dShift)
          }
        }
      }
      let want = c.backward()
      #expect(bits(gradient.array()) == bits(want.dx))
      #expect(bits(dScale) == bits(want.dScale) && bits(dShift) == bits(want.dShift))
    }

    @Test(arguments: cases)
    func `the place of the operands in memory changes no bit`(_ c: Case) throws {
      let want = c.forward()
      for offset in [1, 3, 8] {
        let x = try AlignedBuffer.holding(c.x, at: offset)
        var y = try AlignedBuffer.holding(c.dy, at: 3 * offset)
        let (length, count) = (c.batch * c.groups.meanCount, c.x.count)
        let mean = written(length) { mean in
          _ = written(length) { inverse in
            x.withSpan(offset..<offset + count) { x in
              y.withMutableSpan(3 * offset..<3 * offset + count) { y in
                GroupNormalization.forward(
                  c.groups, batch: c.batch, epsilon: Self.epsilon, x: x, scale: c.scale.span, shift: c.shift.span,
                  y: &y, mean: &mean, rstd: &inverse)
              }
            }
          }
        }
        #expect(bits(y.array(from: 3 * offset)) == bits(want.y) && bits(mean) == bits(want.mean))
      }
    }

    @Test(arguments: cases)
    func `a sample does not depend on its place in the micro-batch`(_ c: Case) {
      guard c.batch == 2 else { return }
      var swapped = c
      let half = c.groups.count
      swapped.x = Array(c.x[half...] + c.x[..<half])
      let (got, want) = (swapped.forward().y, c.forward().y)
      #expect(bits(got) == bits(Array(want[half...] + want[..<half])))
    }

    @Test
    func `NaN stays in its group`() {
      var c = Case(NormalizationGroups(positions: 3, channels: 4, groups: 2), batch: 2)
      c.x[0] = .nan
      let y = c.forward().y
      #expect(y.indices.filter { y[$0].isNaN } == [0, 1, 4, 5, 8, 9])
    }
  }
}
