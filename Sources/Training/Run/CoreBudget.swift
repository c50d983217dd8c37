package import Collectives

/// The cores that the ranks of a job may use.
package struct CoreBudget: Hashable, Sendable, ExpressibleByIntegerLiteral {
  /// Whole cores for this rank, 1 at least.
  package let own: Int
  /// Those of all ranks, by rank.
  package let all: [Int]

  /// So many cores for a process alone.
  package init(alone cores: Int) {
    own = cores
    all = [cores]
  }

  package init(integerLiteral cores: Int) { self.init(alone: cores) }

  /// The budget of a process alone: the processors that it may run on, and no more than its processor time.
  package static var alone: CoreBudget { CoreBudget(alone: CoreClaim.shares(of: [.own])[0]) }

  /// The budget of a rank: what it may use, shared fairly with the ranks that may use the same. All ranks call it
  /// together.
  ///
  /// - Throws: `CommunicationError` if the ranks cannot talk to each other.
  package init(
    _ communicator: any Communicator, claim: CoreClaim = .own
  ) throws(CommunicationError) {
    let lines = try communicator.allGather(Array(claim.line.utf8)).map { String(decoding: $0, as: UTF8.self) }
    all = CoreClaim.shares(of: lines.map { CoreClaim(line: $0) ?? claim })
    own = all[communicator.rank]
  }

  /// A sentence about lanes for which there are too few cores; nil where there are enough.
  ///
  /// - Parameter lanes: the lanes of each rank, as they are asked for.
  package func shortage(lanes: Int) -> String? {
    let short = all.indices.filter { all[$0] < lanes }
    guard let first = short.first else { return nil }
    let cores = "\(all[first]) core\(all[first] == 1 ? "" : "s")"
    if all.count == 1 {
      return "\(lanes) lanes share the \(cores) that this process may use, which is no faster than as many lanes as "
        + "cores; set lanes: auto, or lift the limit (taskset, cgroup quota, a batch system's request)"
    }
    let whose = short.count == all.count ? "each rank" : "rank \(first)"
    return "\(whose) has \(lanes) lanes on the \(cores) that it may use, which is no faster than as many lanes as "
      + "cores; set lanes: auto, start fewer ranks, or let mpirun bind less: --bind-to none, or --map-by "
      + "slot:PE=\(lanes)"
  }
}
