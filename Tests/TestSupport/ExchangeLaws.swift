package import Collectives

/// What every communicator must do, and what the exchange must compute on it: one suite for threads and for MPI.
///
/// The verdict on each law is agreed upon by all ranks, so that all fail together and none is left waiting.
package struct ExchangeLaws {
  /// One law: returns what is wrong on this rank, or nil.
  struct Law {
    let name: String
    let check: (any Communicator) throws -> String?
  }

  private let laws: [Law]

  /// The laws, with random cases that follow from `seed`.
  package init(seed: UInt64, cases: Int) {
    laws = Self.messageLaws + Self.collectiveLaws + Self.exchangeLaws(seed: seed, cases: cases)
  }

  /// Checks all laws on all ranks of `communicator`; `announce` is told the name of each law before it is checked.
  ///
  /// - Throws: `LawFailure` on all ranks when a law is broken on any; what the communicator throws.
  package func check(on communicator: any Communicator, announce: (String) -> Void = { _ in }) throws {
    for law in laws {
      announce(law.name)
      let problems = try communicator.agree(try law.check(communicator))
      if !problems.isEmpty { throw LawFailure(law: law.name, ranks: communicator.size, problems: problems) }
    }
  }
}

/// A law that does not hold.
package struct LawFailure: Error, CustomStringConvertible {
  /// The law's name.
  package let law: String
  /// The number of ranks it was tried with.
  package let ranks: Int
  /// What was found, by the ranks that found it.
  package let problems: [SharedProblem]

  package var description: String {
    "\"\(law)\" is broken with \(ranks) ranks: " + problems.map(\.description).joined(separator: "; ")
  }
}
