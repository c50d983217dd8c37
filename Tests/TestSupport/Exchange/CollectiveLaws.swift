internal import Collectives

/// Laws of the helpers that are built on the verbs.
extension ExchangeLaws {
  static var collectiveLaws: [Law] {
    [
      Law(name: "a broadcast reaches all ranks from any root") { try broadcastReachesAll($0) },
      Law(name: "a gather keeps the order of the ranks at any root") { try gatherKeepsOrder($0) },
      Law(name: "an all-gather is the same on all ranks") { try allGatherIsComplete($0) },
      Law(name: "barriers end, many in a row") { try barriersEnd($0) },
      Law(name: "all ranks learn all problems") { try agreementIsShared($0) },
      Law(name: "many collectives in a row do not mix") { try collectivesDoNotMix($0) },
    ]
  }

  /// What rank `rank` says in a test: its length differs from rank to rank and may be zero.
  private static func words(of rank: Int) -> [UInt8] {
    (0..<(rank * 7) % 20).map { UInt8(truncatingIfNeeded: rank * 31 + $0) }
  }

  private static func broadcastReachesAll(_ communicator: any Communicator) throws -> String? {
    for root in 0..<communicator.size {
      for length in [0, 1, 1_000, root == 0 ? 5_000_000 : 70_000] {
        let expected = (0..<length).map { UInt8(truncatingIfNeeded: $0 + root) }
        let received = try communicator.broadcast(communicator.rank == root ? expected : [], from: root)
        if received != expected { return "\(length) bytes from rank \(root) came changed" }
      }
    }
    return nil
  }

  private static func gatherKeepsOrder(_ communicator: any Communicator) throws -> String? {
    let expected = (0..<communicator.size).map(words)
    for root in 0..<communicator.size {
      let gathered = try communicator.gather(words(of: communicator.rank), at: root)
      if gathered != (communicator.rank == root ? expected : nil) { return "the gather at rank \(root) is wrong" }
    }
    return nil
  }

  private static func allGatherIsComplete(_ communicator: any Communicator) throws -> String? {
    let gathered = try communicator.allGather(words(of: communicator.rank))
    return gathered == (0..<communicator.size).map(words) ? nil : "the all-gather is wrong"
  }

  /// That a barrier also holds back is tested where ranks share memory.
  private static func barriersEnd(_ communicator: any Communicator) throws -> String? {
    for _ in 0..<20 { try communicator.barrier() }
    return nil
  }

  private static func agreementIsShared(_ communicator: any Communicator) throws -> String? {
    let (rank, size) = (communicator.rank, communicator.size)
    if try !communicator.agree(nil).isEmpty { return "contented ranks found a problem" }
    let odd = try communicator.agree(rank % 2 == 1 ? "odd" : nil)
    let odds = (0..<size).filter { $0 % 2 == 1 }
    if odd.map(\.ranks) != (odds.isEmpty ? [] : [odds]) { return "the odd ranks are \(odd)" }
    let mixed = try communicator.agree(rank == 0 ? "" : rank == size - 1 ? "last" : "middle")
    let messages = size == 1 ? [""] : size == 2 ? ["", "last"] : ["", "middle", "last"]
    return mixed.map(\.message) == messages ? nil : "three problems became \(mixed)"
  }

  private static func collectivesDoNotMix(_ communicator: any Communicator) throws -> String? {
    for round in 0..<30 {
      let root = round % communicator.size
      let number = try communicator.broadcast([UInt8(round)], from: root)
      let all = try communicator.allGather([UInt8(round), UInt8(communicator.rank)])
      let expected = (0..<communicator.size).map { [UInt8(round), UInt8($0)] }
      if number != [UInt8(round)] || all != expected { return "round \(round) got the bytes of another one" }
    }
    return nil
  }
}
