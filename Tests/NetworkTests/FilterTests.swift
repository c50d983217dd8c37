import Foundation
import Network
import Operators
import StrictYAML
import Testing

/// The fixed filters.
struct FilterTests {
  /// The places round the centre of a 3×3 filter, clockwise.
  private let ring = [(0, 0), (0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0)]

  @Test(arguments: [
    (FilterKernel.kirsch, [[5, 5, 5], [-3, 0, -3], [-3, -3, -3]] as [[Float]]),
    (.robinson, [[1, 2, 1], [0, 0, 0], [-1, -2, -1]]), (.prewitt, [[1, 1, 1], [1, -2, 1], [-1, -1, -1]]),
  ])
  func `compass filters turn counter-clockwise from the north`(kernel: FilterKernel, north: [[Float]]) {
    let filters = kernel.filters
    #expect(filters.count == 8 && Set(filters).count == 8)
    #expect(filters[0] == north)
    for (place, filter) in filters.enumerated() {
      #expect(filter.joined().reduce(0, +) == 0)
      let next = filters[(place + 1) % 8]
      #expect(next[1][1] == filter[1][1])
      for (index, (row, column)) in ring.enumerated() {
        let (toRow, toColumn) = ring[(index + 7) % 8]
        #expect(next[toRow][toColumn] == filter[row][column])
      }
    }
    // West is the third: the north laid on its left side.
    #expect(filters[2] == (0..<3).map { row in (0..<3).map { north[$0][2 - row] } })
  }

  @Test
  func `sobel and laplacian are the usual ones`() {
    let sobel = FilterKernel.sobel.filters
    #expect(sobel[0] == [[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    #expect(sobel[1] == (0..<3).map { row in (0..<3).map { sobel[0][$0][row] } })
    #expect(FilterKernel.laplacian.filters == [[[0, 1, 0], [1, -4, 1], [0, 1, 0]]])
  }

  @Test(arguments: [1, 3, 5, 9], [0.3, 1, 4])
  func `a Gaussian sums to 1 and falls with the distance`(size: Int, deviation: Double) throws {
    var settings = GaussianFilter()
    (settings.size, settings.deviation) = (size, deviation)
    let filter = try #require(FilterKernel.gaussian(settings).filters.first)
    #expect(filter.count == size && filter.allSatisfy { $0.count == size })
    #expect(abs(filter.joined().reduce(0) { $0 + Double($1) } - 1) < 1e-6)
    let peak = Double(filter[size / 2][size / 2])
    for row in 0..<size {
      for column in 0..<size {
        let (dy, dx) = (row - size / 2, column - size / 2)
        let want = peak * exp(-Double(dy * dy + dx * dx) / (2 * deviation * deviation))
        #expect(abs(Double(filter[row][column]) - want) < 1e-7)
      }
    }
  }

  @Test(arguments: 1...4)
  func `a box is a mean`(size: Int) {
    var box = BoxFilter()
    box.size = size
    let numbers = FilterKernel.box(box).filters.flatMap { $0.flatMap { $0 } }
    #expect(numbers == [Float](repeating: 1 / Float(size * size), count: size * size))
  }

  @Test
  func `filters of one's own keep their order, and each channel gets them all`() throws {
    let text = """
      input: [2, 4, 5]
      layers: [{filter: {kernel: {weights: {values: [[[1, 2]], [[3, 4]], [[-0.5, 0]]]}}, padding: 0}}]
      """
    let network = try NetworkDescription(parsing: text, source: "model.yaml", name: "m")
    #expect(try network.output() == Shape(channels: 6, height: 4, width: 4))
    guard case .layer(.filter(let layer)) = network.layers[0].body else { throw NetworkError("no filter") }
    let geometry = layer.geometry(for: network.input)
    #expect(geometry.count == 3 && geometry.filters == [1, 2, 3, 4, -0.5, 0])
    #expect(geometry.output == Shape(channels: 6, height: 4, width: 4))
  }

  @Test(arguments: [
    ("weights", "the key 'values' is missing"), ("{weights: {values: []}}", "at least one filter"),
    ("{weights: {values: [[]]}}", "at least one filter"), ("{weights: {values: [[[]]]}}", "at least one filter"),
    ("{weights: {values: [[[1]], [[1, 2]]]}}", "filters of equal size"),
    ("{weights: {values: [[[1, 2], [1]]]}}", "filters of equal size"),
    ("{weights: {values: [1]}}", "must be a list"), ("{gaussian: {size: 4}}", "must be odd and from 1 to 255, not 4"),
    ("{gaussian: {deviation: 0}}", "must be from 0.05 to 65536, not 0"),
    ("{box: {size: 256}}", "must be from 1 to 255, not 256"), ("sobl", "did you mean 'sobel'?"),
  ])
  func `a mistake in a filter is named`(kernel: String, message: String) {
    #expect {
      try NetworkDescription(
        parsing: "input: [3, 8, 8]\nlayers: [{filter: {kernel: \(kernel)}}]", source: "model.yaml", name: "m")
    } throws: {
      "\($0)".hasPrefix("model.yaml:2: layers[0].filter.kernel") && "\($0)".contains(message)
    }
  }
}
