import Kernels
import Operators
import Testing

extension KernelTests {
  @Suite("Resampling")
  struct ResamplingTests {
    init() { #expect(prepared) }

    /// A map with runs of random length, some of them empty.
    static func randomMap(_ dice: inout Dice, input: Int, output: Int) -> AxisMap {
      AxisMap(
        input: input,
        runs: (0..<output).map { _ in
          let start = dice.integer(0...input)
          return (start, dice.floats(dice.integer(0...input - start)).doubles)
        })
    }

    static func random(_ seed: UInt64) -> (map: Resampling, batch: Int, x: [Float], dy: [Float]) {
      var dice = Dice(seed)
      let sizes = (0..<4).map { _ in dice.integer(1...12) }
      let map = Resampling(
        rows: randomMap(&dice, input: sizes[0], output: sizes[1]),
        columns: randomMap(&dice, input: sizes[2], output: sizes[3]),
        channels: [1, 3, 17, 33, 64, 100][dice.integer(0...5)])
      let batch = dice.integer(1...3)
      return (map, batch, dice.floats(batch * map.input.count), dice.floats(batch * map.output.count))
    }

    static func apply(_ map: Resampling, batch: Int, _ x: [Float]) -> [Float] {
      written(batch * map.output.count) { Resample.apply(map, batch: batch, x: x.span, y: &$0) }
    }

    static func definition(_ map: Resampling, batch: Int, _ x: [Float]) -> [Double] {
      var y = [Double](repeating: 0, count: batch * map.output.count)
      for k in y.indices {
        let (sample, position) = (k / map.output.count, k % map.output.count / map.channels)
        let (i, j) = (position / map.output.width, position % map.output.width)
        for u in map.rows.sources(of: i) {
          for v in map.columns.sources(of: j) {
            let at = ((sample * map.input.height + u) * map.input.width + v) * map.channels + k % map.channels
            y[k] += map.rows.weight(of: u, in: i) * map.columns.weight(of: v, in: j) * Double(x[at])
          }
        }
      }
      return y
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `it is the definition, and its transpose the backward pass`(seed: UInt64) {
      let (map, batch, x, dy) = Self.random(seed)
      let y = Self.apply(map, batch: batch, x)
      let dx = Self.apply(map.transposed, batch: batch, dy)
      #expect(distance(y, Self.definition(map, batch: batch, x), scale: 10) < sumTolerance)
      #expect(distance(dx, Self.definition(map.transposed, batch: batch, dy), scale: 10) < sumTolerance)
      let scale = product(y, y).squareRoot() * product(dy, dy).squareRoot()
      #expect(abs(product(y, dy) - product(x, dx)) <= 1e-6 * max(scale, 1))
    }

    @Test
    func `an empty run gives zero`() {
      let none = AxisMap(input: 2, runs: [(0, []), (1, [1])])
      let map = Resampling(rows: none, columns: none, channels: 1)
      #expect(Self.apply(map, batch: 1, [.nan, .nan, .nan, 4]) == [0, 0, 0, 4])
      let nothing = AxisMap(input: 2, runs: [(0, [])])
      #expect(Self.apply(Resampling(rows: nothing, columns: none, channels: 1), batch: 1, [1, 2, 3, 4]) == [0, 0])
    }

    // Blocks of 64 terms are summed in float, and all of them round alike here.
    @Test(arguments: [1, 3, 64, 70])
    func `the mean of a large plane loses no more than that of a block`(channels: Int) {
      let mean = AxisMap(input: 200, runs: [(0, [Double](repeating: 1 / 200, count: 200))])
      let map = Resampling(rows: mean, columns: mean, channels: channels)
      let x = (0..<map.input.count).map { Float($0 % 7) + 0.1 }
      #expect(distance(Self.apply(map, batch: 1, x), Self.definition(map, batch: 1, x)) < 1e-6)
    }

    @Test(arguments: [1, 3, 5, 8])
    func `the place of the operands in memory changes no bit`(offset: Int) throws {
      for seed in 100..<110 as Range<UInt64> {
        let (map, batch, x, dy) = Self.random(seed)
        let moved = try AlignedBuffer.holding(x, at: offset)
        var y = try AlignedBuffer.holding(dy, at: 3 * offset)
        moved.withSpan(offset..<moved.count) { x in
          y.withMutableSpan(3 * offset..<y.count) { y in Resample.apply(map, batch: batch, x: x, y: &y) }
        }
        #expect(bits(y.array(from: 3 * offset)) == bits(Self.apply(map, batch: batch, x)))
      }
    }
  }
}
