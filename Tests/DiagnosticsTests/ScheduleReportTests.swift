import Diagnostics
import Testing

/// The curve that `plan --schedule` draws, and where it turns.
@Suite struct ScheduleReportTests {
  @Test func `a curve is drawn between its axes`() {
    let lines = TextPlot([0, 1, 2, 2, 0], from: 0).lines(width: 40, height: 3)
    #expect(lines == ["2 |  **", "1 | *", "0 |*   *", "  +-----"])
  }

  @Test(arguments: [1, 7, 200, 5000], [10, 60, 80])
  func `a plot keeps within its width and shows each column`(count: Int, width: Int) {
    let values = (0..<count).map { Double($0 % 97) / 96 }
    let lines = TextPlot(values, from: 0).lines(width: width, height: 13)
    #expect(lines.count == 14)
    #expect(lines.allSatisfy { $0.count <= width })
    let body = lines.dropLast().map { Array($0.drop { $0 != "|" }.dropFirst()) }
    let columns = lines[13].count { $0 == "-" }
    #expect((0..<columns).allSatisfy { column in body.contains { column < $0.count && $0[column] == "*" } })
  }

  @Test func `a level curve and a single value can be drawn`() {
    #expect(TextPlot([0.1, 0.1], from: 0).lines(width: 40, height: 2) == ["0.1 |**", "  0 |", "    +--"])
    #expect(TextPlot([0.5], from: 0.5).lines(width: 40, height: 2) == ["0.5 |*", "0.5 |", "    +-"])
  }

  @Test func `a curve turns at its ends, jumps, peaks and corners`() {
    #expect(TurningPoints.indices(of: []) == [])
    #expect(TurningPoints.indices(of: [1, 1, 1, 1]) == [0, 3])
    #expect(TurningPoints.indices(of: [1, 1, 1, 0.1, 0.1, 0.1]) == [0, 2, 3, 5])
    #expect(TurningPoints.indices(of: [0, 1, 2, 3, 2, 1, 0]) == [0, 3, 6])
    #expect(TurningPoints.indices(of: [0, 1, 2, 3, 3.5, 4, 4.5, 5]) == [0, 3, 7])
    let parabola = (0..<50).map { Double($0 * $0) }
    #expect(TurningPoints.indices(of: parabola) == [0, 49])
  }
}
