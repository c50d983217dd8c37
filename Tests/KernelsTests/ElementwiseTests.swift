import Kernels
import Testing

extension KernelTests {
  @Suite("Elementwise")
  struct ElementwiseTests {
    /// Samples, positions, channels.
    static let planeShapes = [(1, 1, 1), (2, 3, 5), (3, 49, 16), (1, 16, 33), (2, 40, 1)]

    init() { #expect(prepared) }

    @Test("Arithmetic", arguments: [0, 1, 7, 64, 1001])
    func arithmetic(count: Int) {
      var dice = Dice(UInt64(count))
      let (a, b) = (dice.floats(count), dice.floats(count))
      #expect(written(count) { Elementwise.add(a.span, b.span, into: &$0) } == zip(a, b).map { $0 + $1 })
      #expect(written(count) { Elementwise.multiply(a.span, b.span, into: &$0) } == zip(a, b).map { $0 * $1 })
      #expect(changed(b) { Elementwise.accumulate(a.span, into: &$0) } == zip(a, b).map { $0 + $1 })
      #expect(changed(a) { Elementwise.scale(3, into: &$0) } == a.map { 3 * $0 })
      #expect(written(count) { Elementwise.fill(2.5, into: &$0) } == a.map { _ in 2.5 })
    }

    @Test("Parts come out of a concatenation as they went in", arguments: 0..<10 as Range<UInt64>)
    func concatenation(seed: UInt64) {
      var dice = Dice(seed)
      let rows = dice.integer(1...9)
      let widths = (0..<dice.integer(1...4)).map { _ in dice.integer(1...20) }
      let total = widths.reduce(0, +)
      let parts = widths.map { dice.floats(rows * $0) }
      let offsets = widths.indices.map { widths[..<$0].reduce(0, +) }
      let whole = written(rows * total) { whole in
        for (i, part) in parts.enumerated() {
          Elementwise.copyColumns(
            rows: rows, x: part.span, columns: widths[i], into: &whole, totalColumns: total, at: offsets[i])
        }
      }
      for row in 0..<rows {
        let want = parts.enumerated().flatMap { $1[row * widths[$0]..<(row + 1) * widths[$0]] }
        #expect(Array(whole[row * total..<(row + 1) * total]) == want)
      }
      for (i, part) in parts.enumerated() {
        let back = written(part.count) {
          Elementwise.extractColumns(
            rows: rows, from: whole.span, totalColumns: total, at: offsets[i], columns: widths[i], into: &$0)
        }
        #expect(back == part)
      }
    }

    @Test("Planes are transposed and restored", arguments: planeShapes)
    func planes(batch: Int, positions: Int, channels: Int) {
      var dice = Dice(9)
      let x = dice.floats(batch * positions * channels)
      let y = written(x.count) {
        Elementwise.transposePlanes(batch: batch, positions: positions, channels: channels, x: x.span, y: &$0)
      }
      for sample in 0..<batch {
        for position in 0..<positions {
          for channel in 0..<channels {
            let base = sample * positions * channels
            #expect(y[base + channel * positions + position] == x[base + position * channels + channel])
          }
        }
      }
      let back = written(x.count) {
        Elementwise.restorePlanes(batch: batch, positions: positions, channels: channels, x: y.span, y: &$0)
      }
      #expect(back == x)
    }
  }
}
