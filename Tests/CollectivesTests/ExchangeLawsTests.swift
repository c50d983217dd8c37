import Collectives
import TestSupport
import Testing

@Suite struct ExchangeLawsTests {
  @Test(.timeLimit(.minutes(4)), arguments: [1, 2, 3, 4, 5, 8])
  func `the laws hold among threads`(ranks: Int) throws {
    try ThreadCluster.run(ranks: ranks, deadline: .seconds(180)) { communicator in
      try ExchangeLaws(seed: 1, cases: 16).check(on: communicator)
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: [2, 3, 4], [1, 2] as [UInt64])
  func `the laws hold when messages overtake one another`(ranks: Int, seed: UInt64) throws {
    try ThreadCluster.run(ranks: ranks, deadline: .seconds(180), seed: seed) { communicator in
      try ExchangeLaws(seed: 100 + seed, cases: 6).check(on: communicator)
    }
  }

  @Test func `the laws hold for one rank alone`() throws {
    try ExchangeLaws(seed: 2, cases: 16).check(on: SoloCommunicator())
  }

  @Test func `a problem of some ranks is reported once with their numbers`() throws {
    let reports = try ThreadCluster.run(ranks: 5, deadline: .seconds(60)) { communicator in
      try communicator.agree(communicator.rank == 3 ? nil : "no law holds").map(\.description)
    }
    #expect(reports == Array(repeating: ["ranks 0-2, 4: no law holds"], count: 5))
  }
}
