internal import Collectives
internal import Randomness

/// Laws of the exchange, in both orders.
extension ExchangeLaws {
  static func exchangeLaws(seed: UInt64, cases: Int) -> [Law] {
    [
      Law(name: "the fixed order gives the bits of one thread") { communicator in
        try firstProblem(seed: seed, cases: cases, communicator) { try fixedOrderIsExact($0, communicator) }
      },
      Law(name: "the fixed order gives the bits of one thread to an update that waits for the whole gradient") {
        communicator in
        try firstProblem(seed: seed, cases: cases, communicator, waits: true) {
          try fixedOrderIsExact($0, communicator)
        }
      },
      Law(name: "the fixed order gives the bits of one thread beyond the eager limit") { communicator in
        var large = ExchangeCase(seed: seed, index: cases, ranks: communicator.size)
        large.count = 1_300_000
        large.gradientCount = 1_299_999
        large.bucketLengths = [1 << 20]
        large.leaves = max(communicator.size, 3)
        large.steps = 1
        if let problem = try fixedOrderIsExact(large, communicator) { return problem }
        large.waits = true
        return try fixedOrderIsExact(large, communicator)
      },
      Law(name: "any order gives the sum, up to rounding") { communicator in
        try firstProblem(seed: seed, cases: cases, communicator) { try anyOrderIsClose($0, communicator) }
      },
      Law(name: "any order gives the sum, up to rounding, to an update that waits for the whole gradient") {
        communicator in
        try firstProblem(seed: seed, cases: cases, communicator, waits: true) { try anyOrderIsClose($0, communicator) }
      },
      Law(name: "all ranks know in which step the gradient is not finite") { communicator in
        for waits in [false, true] {
          let found = try firstProblem(seed: seed, cases: cases, communicator, waits: waits) {
            try intruderIsSeen($0, communicator)
          }
          if let found { return found }
        }
        return nil
      },
      Law(name: "any order has other bits than the tree (these laws have teeth)") { communicator in
        try anyOrderDiffers(seed: seed, communicator)
      },
    ]
  }

  /// Runs all cases on all ranks, since each of them needs all ranks, and returns the first problem.
  private static func firstProblem(
    seed: UInt64, cases: Int, _ communicator: any Communicator, waits: Bool = false,
    _ check: (ExchangeCase) throws -> String?
  ) throws -> String? {
    var first: String?
    for index in 0..<cases {
      var problem = ExchangeCase(seed: seed, index: index, ranks: communicator.size)
      problem.waits = waits
      if let found = try check(problem), first == nil { first = "\(problem): \(found)" }
    }
    return first
  }

  private static func fixedOrderIsExact(_ problem: ExchangeCase, _ communicator: any Communicator) throws -> String? {
    let outcome = try ExchangeRun(problem, on: communicator, order: .fixed).outcome()
    let oracle = ExchangeOracle(problem)
    if let bucket = outcome.disturbedBucket { return "the parameters of bucket \(bucket) changed before their time" }
    if let index = firstDifference(outcome.parameters, oracle.parameters) {
      return "parameter \(index) is \(outcome.parameters[index]) instead of \(oracle.parameters[index])"
    }
    if outcome.lists != oracle.lists { return "a gathered list is another" }
    if problem.waits, outcome.squaresOfUpdate != oracle.squares { return "the update's sum of squares is another" }
    guard communicator.rank == 0 || problem.waits else { return nil }
    if outcome.digests != oracle.digests { return "the gradient's digest is another" }
    return outcome.squares == oracle.squares ? nil : "the gradient's sum of squares is another"
  }

  /// One number that is not finite, in any place: within the gradient it counts, in the trailer it does not.
  private static func intruderIsSeen(_ problem: ExchangeCase, _ communicator: any Communicator) throws -> String? {
    var (problem, random) = (problem, RandomStream(seed: problem.seed, purpose: .testing, time: 77))
    let numbers: [Float] = [.nan, .infinity, -.infinity]
    problem.intruder = (
      random.integer(below: problem.leaves), random.integer(below: problem.count),
      random.integer(below: problem.steps), numbers[random.integer(below: numbers.count)]
    )
    guard let intruder = problem.intruder else { return nil }
    let isGradient = intruder.element < problem.gradientCount
    let want = (0..<problem.steps).map { !isGradient || $0 != intruder.step }
    for order in ExchangeOrder.allCases {
      let found = try ExchangeRun(problem, on: communicator, order: order).outcome().finite
      if found != want { return "\(intruder) in \(order) order: finite \(found) instead of \(want)" }
    }
    return nil
  }

  private static func anyOrderIsClose(_ problem: ExchangeCase, _ communicator: any Communicator) throws -> String? {
    let outcome = try ExchangeRun(problem, on: communicator, order: .any).outcome()
    let oracle = ExchangeOracle(problem)
    // Values are below 2^8 and each step adds at most 40 of them, so errors stay below 3 · 40 · 40 · 2^8 · 2^-24.
    let far = outcome.parameters.indices.first {
      !(abs(outcome.parameters[$0] - oracle.parameters[$0]) <= 0.08)
    }
    if let far { return "parameter \(far) is \(outcome.parameters[far]) instead of \(oracle.parameters[far])" }
    let distant = zip(outcome.squares, oracle.squares).contains { !(abs($0 - $1) <= 1e-5 * $1) }
    if distant { return "the squares are \(outcome.squares) instead of \(oracle.squares)" }
    if problem.waits, outcome.squaresOfUpdate != outcome.squares { return "the update has another sum of squares" }
    return outcome.lists.joined().contains { $0.isNaN } ? "a gathered list is not whole" : nil
  }

  private static func anyOrderDiffers(seed: UInt64, _ communicator: any Communicator) throws -> String? {
    var problem = ExchangeCase(seed: seed, index: 0, ranks: communicator.size)
    problem.count = 5_000
    problem.leaves = 37
    problem.steps = 1
    let outcome = try ExchangeRun(problem, on: communicator, order: .any).outcome()
    let differs = firstDifference(outcome.parameters, ExchangeOracle(problem).parameters) != nil
    return differs ? nil : "all bits are equal, so the other laws would not notice another order"
  }

  private static func firstDifference(_ found: [Float], _ expected: [Float]) -> Int? {
    found.indices.first { found[$0].bitPattern != expected[$0].bitPattern }
  }
}
