internal import Collectives
internal import Randomness

/// One rank's part in an `ExchangeCase`, as a trainer would play it.
struct ExchangeRun {
  /// What came out on this rank.
  struct Outcome {
    var parameters: [Float] = []
    var digests: [UInt64] = []
    var squares: [Double] = []
    /// Of each step, whether the gradient was found to be finite.
    var finite: [Bool] = []
    /// The lists that a waiting update has gathered, and the squares that it was given.
    var lists: [[Double]] = []
    var squaresOfUpdate: [Double] = []
    /// A bucket whose parameters changed while its gradient was still being computed, if there was one.
    var disturbedBucket: Int?
  }

  private let problem: ExchangeCase
  private let communicator: any Communicator
  private let order: ExchangeOrder
  private let tree: ReductionTree
  private let layout: BucketLayout
  private let share: Range<Int>

  /// A run of `problem` on this rank.
  init(_ problem: ExchangeCase, on communicator: any Communicator, order: ExchangeOrder) {
    self.problem = problem
    self.communicator = communicator
    self.order = order
    tree = ReductionTree(leaves: problem.leaves)
    layout = BucketLayout(
      buckets: .cut(problem.count, into: problem.bucketLengths), block: ExchangeCase.block,
      owners: order.owners(among: communicator.size))
    share = ReductionTree.share(of: problem.leaves, rank: communicator.rank, ranks: communicator.size)
  }

  /// Runs all steps.
  func outcome() throws -> Outcome {
    let replica = Replica(problem)
    let local = localSums
    let exposed = local.join.nodes.map { _ in FloatBuffer([Float](repeating: .nan, count: problem.count)) }
    let exchange = try unsafe order.exchange(
      communicator, layout: layout, tree: tree, parameters: replica.parameters.start,
      sums: exposed.map { unsafe $0.start }, update: replica, gradientCount: problem.gradientCount,
      window: problem.window)
    var outcome = Outcome()
    for step in 0..<problem.steps {
      let sums = ScheduledSum.nodes(local.join, local.lanes) { problem.leaf($0, step: step) }
      if let bucket = try run(step, exchange, sums, exposed, replica.parameters) { outcome.disturbedBucket = bucket }
      outcome.digests.append(exchange.gradientDigest)
      outcome.squares.append(exchange.gradientSquares)
      outcome.finite.append(exchange.gradientIsFinite)
    }
    outcome.parameters = replica.parameters.values
    (outcome.lists, outcome.squaresOfUpdate) = (replica.lists, replica.squares)
    return outcome
  }

  /// The contributed buffers hold NaN outside the contributed buckets, and everywhere once the step is finished, so
  /// that whatever is read too early or too late shows. Returns a disturbed bucket.
  private func run(
    _ step: Int, _ exchange: any GradientExchange, _ sums: [[Float]], _ exposed: [FloatBuffer],
    _ parameters: FloatBuffer
  ) throws -> Int? {
    let before = parameters.values
    var disturbed: Int?
    try exchange.beginStep()
    var random = RandomStream(
      seed: problem.seed, purpose: .testing, time: UInt64(step), sample: UInt64(communicator.rank))
    for bucket in shuffled(Array(layout.buckets.indices), &random) {
      for _ in 0..<random.integer(below: 4) { try exchange.poll() }
      if parameters.differs(from: before, in: layout.buckets[bucket]) { disturbed = bucket }
      for (buffer, sum) in zip(exposed, sums) { buffer.copy(layout.buckets[bucket], from: sum) }
      try exchange.contribute(bucket: bucket)
    }
    try exchange.finishStep()
    for buffer in exposed { buffer.fill(.nan) }
    return disturbed
  }

  private func shuffled(_ items: [Int], _ random: inout RandomStream) -> [Int] {
    var items = items
    for index in items.indices.dropFirst() { items.swapAt(index, random.integer(below: index + 1)) }
    return items
  }

  /// How this rank's lanes sum.
  private var localSums: (lanes: [Accumulation], join: LaneJoin) {
    let lanes = min(problem.lanes, share.count)
    let parts = (0..<lanes).map { lane in
      let local = ReductionTree.share(of: share.count, rank: lane, ranks: lanes)
      return share.lowerBound + local.lowerBound..<share.lowerBound + local.upperBound
    }
    return order.localSums(of: parts, leaves: problem.leaves)
  }
}

/// The parameters of one rank and their update.
private final class Replica: SegmentUpdate {
  let parameters: FloatBuffer
  let waitsForWholeGradient: Bool
  let gatherPositions: [Int]
  private(set) var lists: [[Double]] = []
  private(set) var squares: [Double] = []
  /// What a waiting update has taken of the gradient; NaN elsewhere.
  private var taken: [Float]

  init(_ problem: ExchangeCase) {
    parameters = FloatBuffer(problem.initialParameters)
    waitsForWholeGradient = problem.waits
    gatherPositions = problem.positions
    taken = Array(repeating: .nan, count: problem.count)
  }

  /// Changes the gradient afterwards, as it may.
  func update(range: Range<Int>, gradient: UnsafeMutablePointer<Float>) {
    for (offset, index) in range.enumerated() {
      taken[index] = unsafe gradient[offset]
      if !waitsForWholeGradient { descend(index, scale: 1) }
      unsafe gradient[offset] = .nan
    }
  }

  func complete(squares: Double, gather: ListGather) throws(CommunicationError) {
    let owned = taken.indices.filter { !taken[$0].isNaN }
    var gradients = gatherPositions.map { Double(taken[$0]) }
    var weights = gatherPositions.map { taken[$0].isNaN ? .nan : unsafe Double(parameters.start[$0]) }
    try gather(&gradients)
    try gather(&weights)
    lists += [gradients, weights]
    self.squares.append(squares)
    let scale = ExchangeCase.scale(squares: squares, lists: [gradients, weights])
    for index in owned {
      descend(index, scale: scale)
      taken[index] = .nan
    }
  }

  private func descend(_ index: Int, scale: Float) {
    unsafe parameters.start[index] = ExchangeCase.updated(parameters.start[index], gradient: taken[index] * scale)
  }
}

/// Floats at a fixed place in memory.
@safe
private final class FloatBuffer {
  private let memory: UnsafeMutableBufferPointer<Float>
  let start: UnsafeMutablePointer<Float>

  init(_ values: [Float]) {
    unsafe start = .allocate(capacity: values.count)
    unsafe memory = UnsafeMutableBufferPointer(start: start, count: values.count)
    _ = unsafe memory.initialize(fromContentsOf: values)
  }

  deinit { unsafe start.deallocate() }

  var values: [Float] { unsafe [Float](memory) }

  func fill(_ value: Float) { unsafe memory.update(repeating: value) }

  func differs(from values: [Float], in range: Range<Int>) -> Bool {
    range.contains { unsafe memory[$0].bitPattern != values[$0].bitPattern }
  }

  func copy(_ range: Range<Int>, from values: [Float]) {
    for index in range { unsafe memory[index] = values[index] }
  }
}
