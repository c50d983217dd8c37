import Network
import Operators
import Reference
import Testing

/// The fixed filters on images of a few pixels.
struct FilterTests {
  /// What each filter gives in the middle of an image that rises by 1 to the right and by 10 downwards.
  private func middle(_ kernel: FilterKernel) throws -> [Double] {
    let layer = made(FilterLayer()) { ($0.kernel, $0.padding) = (kernel, .fixed(.none)) }
    return try output(
      .filter(layer), input: Shape(channels: 1, height: 3, width: 3), image: [1, 2, 3, 11, 12, 13, 21, 22, 23])
  }

  @Test
  func `slopes, second differences and means`() throws {
    #expect(try middle(.sobel) == [8, 80])
    #expect(try middle(.laplacian) == [0])
    #expect(try agree(middle(.box(BoxFilter())), [12], within: 1e-6))
    #expect(try agree(middle(.gaussian(made(GaussianFilter()) { $0.size = 3 })), [12], within: 1e-6))
  }

  @Test
  func `compass filters turn from north over north-west to the west`() throws {
    let robinson: [Double] = [-80, -66, -8, 54]
    #expect(try middle(.robinson) == robinson + robinson.map { -$0 })
    #expect(try middle(.kirsch).prefix(3) == [-240, -176, -24])
    #expect(try middle(.prewitt).prefix(3) == [-60, -44, -6])
  }

  @Test
  func `the filters of each channel stand side by side`() throws {
    let layer = made(FilterLayer()) { $0.kernel = .sobel }
    let y = try output(.filter(layer), input: Shape(channels: 2, height: 1, width: 2), image: [1, 10, 2, 30])
    #expect(y == [4, 0, 60, 0, -2, 0, -20, 0])
  }
}
