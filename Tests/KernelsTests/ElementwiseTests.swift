import Kernels
import Operators
import Testing

extension KernelTests {
  @Suite("Elementwise")
  struct ElementwiseTests {
    /// Blocks, rows, columns.
    static let planeShapes = [(1, 1, 1), (2, 3, 5), (3, 49, 16), (1, 16, 33), (2, 40, 1)]

    init() { #expect(prepared) }

    @Test(arguments: [0, 1, 7, 64, 1001])
    func `arithmetic goes element by element`(count: Int) {
      var dice = Dice(UInt64(count))
      let (a, b) = (dice.floats(count), dice.floats(count))
      #expect(written(count) { Elementwise.add(a.span, b.span, into: &$0) } == zip(a, b).map { $0 + $1 })
      #expect(written(count) { Elementwise.multiply(a.span, b.span, into: &$0) } == zip(a, b).map { $0 * $1 })
      #expect(changed(b) { Elementwise.accumulate(a.span, into: &$0) } == zip(a, b).map { $0 + $1 })
      #expect(written(count) { Elementwise.copy(a.span, into: &$0) } == a)
      #expect(written(count) { Elementwise.fill(2.5, into: &$0) } == a.map { _ in 2.5 })
    }

    @Test(arguments: 0..<10 as Range<UInt64>)
    func `parts come out of a concatenation as they went in`(seed: UInt64) {
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

    @Test(arguments: planeShapes)
    func `blocks are transposed, twice as they were`(blocks: Int, rows: Int, columns: Int) {
      var dice = Dice(9)
      let x = dice.floats(blocks * rows * columns)
      let y = written(x.count) {
        Elementwise.transpose(blocks: blocks, rows: rows, columns: columns, x: x.span, y: &$0)
      }
      for i in x.indices {
        let (block, row, column) = (i / (rows * columns), i / columns % rows, i % columns)
        #expect(y[(block * columns + column) * rows + row] == x[i])
      }
      let back = written(x.count) {
        Elementwise.transpose(blocks: blocks, rows: columns, columns: rows, x: y.span, y: &$0)
      }
      #expect(back == x)
    }

    @Test(arguments: 0..<60 as Range<UInt64>)
    func `an image is moved into a frame, and back`(seed: UInt64) {
      var dice = Dice(seed)
      let (batch, channels) = (dice.integer(1...3), dice.integer(1...20))
      let input = Shape(channels: channels, height: dice.integer(1...7), width: dice.integer(1...7))
      let output = Shape(channels: channels, height: dice.integer(1...9), width: dice.integer(1...9))
      let (top, left) = (dice.integer(-8...10), dice.integer(-8...10))
      let (x, dy) = (dice.floats(batch * input.count), dice.floats(batch * output.count))
      let moved = { (x: [Float], input: Shape, output: Shape, top: Int, left: Int) in
        (0..<batch * output.count).map { k in
          let (sample, position) = (k / output.count, k % output.count / channels)
          let (row, column) = (position / output.width - top, position % output.width - left)
          guard (0..<input.height).contains(row), (0..<input.width).contains(column) else { return Float(0) }
          return x[((sample * input.height + row) * input.width + column) * channels + k % channels]
        }
      }
      let y = written(dy.count) {
        Elementwise.shift(batch: batch, input: input, output: output, top: top, left: left, x: x.span, y: &$0)
      }
      #expect(y == moved(x, input, output, top, left))
      let dx = written(x.count) {
        Elementwise.shift(batch: batch, input: output, output: input, top: -top, left: -left, x: dy.span, y: &$0)
      }
      #expect(dx == moved(dy, output, input, -top, -left))
      #expect(abs(product(y, dy) - product(x, dx)) < 1e-9)
    }

    /// Blocks, rows, columns: one column, vector tails, several chunks, blocks of rows.
    static let rowShapes = [
      (1, 1, 1), (3, 7, 1), (2, 500, 1), (2, 3, 5), (1, 0, 3), (2, 70, 17), (3, 5, 33), (1, 300, 64), (2, 129, 130),
      (4, 1, 100),
    ]

    @Test(arguments: rowShapes)
    func `a row goes to all rows, and all rows to one`(blocks: Int, rows: Int, columns: Int) {
      var dice = Dice(UInt64(blocks * 1000 + rows + columns))
      let (x, other) = (dice.floats(blocks * rows * columns, mean: 1), dice.floats(blocks * rows * columns))
      let row = dice.floats(blocks * columns)
      let place = { (i: Int) in i / max(1, rows * columns) * columns + i % columns }
      let scaled = written(x.count) {
        Elementwise.multiplyRow(blocks: blocks, rows: rows, columns: columns, x: x.span, row: row.span, y: &$0)
      }
      #expect(scaled == x.indices.map { x[$0] * row[place($0)] })
      var products = [Double](repeating: 0, count: row.count)
      for i in x.indices { products[place(i)] += Double(x[i]) * Double(other[i]) }
      let got = written(row.count) {
        Elementwise.sumProducts(blocks: blocks, rows: rows, columns: columns, a: x.span, b: other.span, into: &$0)
      }
      #expect(distance(got, products, scale: Double(max(1, rows)).squareRoot()) < 1e-6)

      let (all, first) = (blocks * rows, Array(row[..<columns]))
      let moved = changed(x) { Elementwise.addRow(rows: all, columns: columns, row: first.span, into: &$0) }
      #expect(moved == x.indices.map { x[$0] + first[$0 % columns] })
      var sums = [Double](repeating: 0, count: columns)
      for i in x.indices { sums[i % columns] += Double(x[i]) }
      let total = written(columns) { Elementwise.sumRows(rows: all, columns: columns, x: x.span, into: &$0) }
      #expect(distance(total, sums, scale: Double(max(1, all))) < 1e-6)
    }

    @Test(arguments: rowShapes)
    func `a rectifier has a slope for each column, and so has its gradient`(blocks: Int, rows: Int, columns: Int) {
      let count = blocks * rows * columns
      var dice = Dice(UInt64(count + columns))
      let (x, dy, slopes) = (dice.floats(count), dice.floats(count), dice.floats(columns))
      func rectified(_ gradient: [Float]) -> [Float] {
        x.indices.map { x[$0] > 0 ? gradient[$0] : slopes[$0 % columns] * gradient[$0] }
      }
      let all = blocks * rows
      let y = changed(x) { y in
        let x = x
        Elementwise.rectify(rows: all, columns: columns, x: x.span, slopes: slopes.span, y: &y)
      }
      #expect(y == rectified(x))
      let dx = written(count) {
        Elementwise.rectifyBackward(rows: all, columns: columns, x: x.span, dy: dy.span, slopes: slopes.span, dx: &$0)
      }
      #expect(dx == rectified(dy))
      var sums = [Double](repeating: 0, count: columns)
      for i in x.indices where x[i] <= 0 { sums[i % columns] += Double(x[i]) * Double(dy[i]) }
      let gradients = written(columns) {
        Elementwise.slopeGradients(rows: all, columns: columns, x: x.span, dy: dy.span, into: &$0)
      }
      #expect(distance(gradients, sums, scale: Double(max(1, all)).squareRoot()) < 1e-6)
    }

    @Test
    func `a rectifier hides no NaN`() {
      let x: [Float] = [.nan, -0.0, .infinity, -.infinity]
      let y = written(4) {
        Elementwise.rectify(rows: 4, columns: 1, x: x.span, slopes: [0.5 as Float].span, y: &$0)
      }
      #expect(y[0].isNaN && y[1] == 0 && y[2] == .infinity && y[3] == -.infinity)
    }

    // Blocks of 64 rows are summed in float, and all of them round alike here.
    @Test(arguments: [1, 3, 64])
    func `sums over many rows lose no more than sums over a block`(columns: Int) {
      let rows = 60_001
      let x = (0..<rows * columns).map { Float($0 % 7) + 0.1 }
      let ones = [Float](repeating: 1, count: x.count)
      var want = [Double](repeating: 0, count: columns)
      for i in x.indices { want[i % columns] += Double(x[i]) }
      let sums = written(columns) { Elementwise.sumRows(rows: rows, columns: columns, x: x.span, into: &$0) }
      let products = written(columns) {
        Elementwise.sumProducts(blocks: 1, rows: rows, columns: columns, a: x.span, b: ones.span, into: &$0)
      }
      #expect(distance(sums, want) < 1e-6)
      #expect(bits(products) == bits(sums))
    }
  }
}
