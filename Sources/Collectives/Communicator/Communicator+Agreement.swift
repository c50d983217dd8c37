/// A problem that one or more ranks reported with the same words.
package struct SharedProblem: Error, Hashable, Sendable, CustomStringConvertible {
  /// The ranks that reported it, ascending.
  package let ranks: [Int]
  /// What they reported.
  package let message: String

  /// What these ranks reported.
  package init(ranks: [Int], message: String) {
    self.ranks = ranks
    self.message = message
  }

  package var description: String { "\(Self.name(ranks)): \(message)" }

  /// "rank 3", or "ranks 0-2, 5".
  private static func name(_ ranks: [Int]) -> String {
    var runs: [ClosedRange<Int>] = []
    for rank in ranks {
      if let last = runs.last, last.upperBound + 1 == rank {
        runs[runs.count - 1] = last.lowerBound...rank
      } else {
        runs.append(rank...rank)
      }
    }
    let names = runs.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    return (ranks.count == 1 ? "rank " : "ranks ") + names.joined(separator: ", ")
  }
}

extension Communicator {
  /// Every rank offers nil or the text of a problem; all learn all problems, in the order of the first rank that has
  /// each. An empty answer means that all ranks are content.
  package func agree(_ problem: String?) throws(CommunicationError) -> [SharedProblem] {
    // The first byte tells "no problem" from a problem without words.
    let offers = try allGather(problem.map { [1] + Array($0.utf8) } ?? [0])
    var order: [String] = []
    var ranks: [String: [Int]] = [:]
    for (rank, offer) in offers.enumerated() where offer.first == 1 {
      let message = String(decoding: offer.dropFirst(), as: UTF8.self)
      if ranks[message] == nil { order.append(message) }
      ranks[message, default: []].append(rank)
    }
    return order.map { SharedProblem(ranks: ranks[$0] ?? [], message: $0) }
  }
}
