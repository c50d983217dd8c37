internal import Collectives
internal import Hashing
internal import Kernels

/// The answer to an `ExchangeCase`, found by one thread that follows the definitions: the tree by recursion, the digest
/// and the squares block by block.
struct ExchangeOracle {
  private(set) var parameters: [Float]
  private(set) var digests: [UInt64] = []
  private(set) var squares: [Double] = []
  /// The lists that an update gathers, of all steps.
  private(set) var lists: [[Double]] = []

  /// Runs all steps of the case.
  init(_ problem: ExchangeCase) {
    parameters = problem.initialParameters
    for step in 0..<problem.steps {
      let gradient = Self.sum(of: 0..<problem.leaves) { problem.leaf($0, step: step) }
      let blocks = Self.blocks(of: Array(gradient[..<problem.gradientCount]))
      digests.append(blocks.enumerated().reduce(0) { $0 &+ Digest.block($1.element.span, seed: UInt64($1.offset)) })
      squares.append(blocks.reduce(0) { $0 + Statistics.sumOfSquares(x: $1.span) })
      let scale = problem.waits ? scale(problem, gradient, squares[step]) : 1
      for index in parameters.indices {
        parameters[index] = ExchangeCase.updated(parameters[index], gradient: gradient[index] * scale)
      }
    }
  }

  private static func blocks(of gradient: [Float]) -> [[Float]] {
    stride(from: 0, to: gradient.count, by: ExchangeCase.block).map {
      Array(gradient[$0..<min($0 + ExchangeCase.block, gradient.count)])
    }
  }

  private mutating func scale(_ problem: ExchangeCase, _ gradient: [Float], _ squares: Double) -> Float {
    let now = [problem.positions.map { Double(gradient[$0]) }, problem.positions.map { Double(parameters[$0]) }]
    lists += now
    return ExchangeCase.scale(squares: squares, lists: now)
  }

  /// The sum over a node: the largest power of two below n goes to the left.
  static func sum(of node: Range<Int>, leaf: (Int) -> [Float]) -> [Float] {
    guard node.count > 1 else { return leaf(node.lowerBound) }
    var half = 1
    while 2 * half < node.count { half *= 2 }
    let middle = node.lowerBound + half
    var left = sum(of: node.lowerBound..<middle, leaf: leaf)
    let right = sum(of: middle..<node.upperBound, leaf: leaf)
    for index in left.indices { left[index] += right[index] }
    return left
  }
}
