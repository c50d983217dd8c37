internal import Collectives

/// Laws of the ordered exchange.
extension ExchangeLaws {
  static func exchangeLaws(seed: UInt64, cases: Int) -> [Law] {
    [
      Law(name: "the fixed order gives the bits of one thread") { communicator in
        try firstProblem(seed: seed, cases: cases, communicator) { try fixedOrderIsExact($0, communicator) }
      },
      Law(name: "the fixed order gives the bits of one thread beyond the eager limit") { communicator in
        var large = ExchangeCase(seed: seed, index: cases, ranks: communicator.size)
        large.count = 1_300_000
        large.gradientCount = 1_299_999
        large.bucketLengths = [1 << 20]
        large.leaves = max(communicator.size, 3)
        large.steps = 1
        return try fixedOrderIsExact(large, communicator)
      },
      Law(name: "any order gives the sum, up to rounding") { communicator in
        try firstProblem(seed: seed, cases: cases, communicator) { try anyOrderIsClose($0, communicator) }
      },
      Law(name: "any order has other bits than the tree (these laws have teeth)") { communicator in
        try anyOrderDiffers(seed: seed, communicator)
      },
    ]
  }

  /// Runs all cases on all ranks, since each of them needs all ranks, and returns the first problem.
  private static func firstProblem(
    seed: UInt64, cases: Int, _ communicator: any Communicator, _ check: (ExchangeCase) throws -> String?
  ) throws -> String? {
    var first: String?
    for index in 0..<cases {
      let problem = ExchangeCase(seed: seed, index: index, ranks: communicator.size)
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
    if communicator.rank == 0, outcome.digests != oracle.digests { return "the gradient's digest is another" }
    return nil
  }

  private static func anyOrderIsClose(_ problem: ExchangeCase, _ communicator: any Communicator) throws -> String? {
    let outcome = try ExchangeRun(problem, on: communicator, order: .any).outcome()
    let oracle = ExchangeOracle(problem)
    // Values are below 2^8 and each step adds at most 40 of them, so errors stay below 3 · 40 · 40 · 2^8 · 2^-24.
    let far = outcome.parameters.indices.first {
      !(abs(outcome.parameters[$0] - oracle.parameters[$0]) <= 0.08)
    }
    return far.map { "parameter \($0) is \(outcome.parameters[$0]) instead of \(oracle.parameters[$0])" }
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
