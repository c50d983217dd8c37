import Collectives
package import Configuration
import Randomness

/// Which micro-batches are computed again, and by whom: a pure function of the run, the step and the number of ranks,
/// so that all ranks agree without a word. Which ones does not depend on the number of ranks.
package struct RecomputeSample: Hashable, Sendable {
  private let seed: UInt64
  private let share: Double
  private let microBatches: Int
  private let ranks: Int

  /// The sample of a run on so many ranks; nil if nothing is computed again.
  package init?(_ configuration: RunConfiguration, ranks: Int) {
    guard configuration.verify.recompute > 0 else { return nil }
    (seed, share, self.ranks) = (configuration.seed, configuration.verify.recompute, ranks)
    microBatches = configuration.train.microBatches
  }

  /// The micro-batches of a step, ascending.
  package func microBatches(step: Int) -> [Int] {
    (0..<microBatches).filter { index in
      var random = RandomStream(seed: seed, purpose: .recomputation, time: UInt64(step), sample: UInt64(index))
      return random.uniform(in: 0..<1) < share
    }
  }

  /// The rank that computes a micro-batch at first.
  package func owner(of microBatch: Int) -> Int {
    ReductionTree.owner(of: microBatch, among: microBatches, ranks: ranks)
  }

  /// The rank that computes it a second time: the next one.
  package func verifier(of microBatch: Int) -> Int { (owner(of: microBatch) + 1) % ranks }

  /// The rank that computes it a third time where the first two differ: the one after that, with two ranks the owner.
  package func judge(of microBatch: Int) -> Int { (owner(of: microBatch) + 2) % ranks }
}
