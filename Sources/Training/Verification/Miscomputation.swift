import Checkpoints

/// A rank that has computed something else than others: who, and where it began.
package struct Miscomputation: Hashable, Sendable {
  /// The step.
  package let step: Int
  /// The micro-batch; nil of weights that differ between the ranks.
  package private(set) var microBatch: Int?
  /// The ranks to blame: one, if the results tell.
  package let ranks: [Int]
  /// The path of the layer in which the results part.
  package private(set) var layer: String?
  /// The tensor in which they part, as the plan names it.
  package private(set) var tensor: String?
  private let hosts: [String]
  private let finding: String

  /// Three computations of one micro-batch, by their digests.
  package struct Results: Hashable, Sendable {
    /// The owner's, the verifier's, the judge's.
    package let digests: [UInt64]
    /// Who computed them.
    package let ranks: [Int]

    /// These results, each of them by one of these ranks.
    package init(digests: [UInt64], ranks: [Int]) { (self.digests, self.ranks) = (digests, ranks) }

    /// The places of those that are wrong: the one that differs from two others that are equal, or all where all
    /// differ. With two ranks the owner computes twice: if it comes to the same again, either of the two may be wrong.
    package var wrong: [Int] {
      guard digests[0] != digests[1] else { return [] }
      if digests[1] == digests[2] { return [0] }
      guard digests[0] == digests[2] else { return [0, 1, 2] }
      return ranks[0] == ranks[2] && ranks[0] != ranks[1] ? [0, 1] : [1]
    }
  }

  /// What three computations of a micro-batch tell.
  ///
  /// - Parameters:
  ///   - tensor: where the first two part; nil if their instructions have all written the same.
  ///   - hosts: the hosts of all ranks.
  init(step: Int, microBatch: Int, _ results: Results, tensor: TracedTensor?, hosts: [String]) {
    (self.step, self.microBatch, self.hosts) = (step, microBatch, hosts)
    let blamed = Set(results.wrong.map { results.ranks[$0] }).sorted()
    ranks = blamed
    (layer, self.tensor) = (tensor.flatMap { $0.layer.isEmpty ? nil : $0.layer }, tensor?.tensor)
    let parties = zip(results.ranks, results.digests).map { "rank \($0) \(LedgerEntry.text($1))" }
    finding =
      "micro-batch \(microBatch) has come out differently when computed again, "
      + "\(tensor?.place ?? "though all tensors on the way to the gradient were the same"): "
      + parties.joined(separator: ", then ")
  }

  /// Weights that are not those of most ranks.
  ///
  /// - Parameter tensor: the first tensor that differs.
  init(step: Int, digests: [UInt64], tensor: String?, hosts: [String]) {
    (self.step, self.hosts, self.tensor) = (step, hosts, tensor)
    ranks = Self.minority(of: digests)
    finding = "the weights of the ranks differ" + (tensor.map { ", first in '\($0)'" } ?? "")
  }

  /// The ranks that do not have what more than half of them have; all where there is no such majority.
  package static func minority(of digests: [UInt64]) -> [Int] {
    let common = digests.first { digest in 2 * digests.count { $0 == digest } > digests.count }
    return digests.indices.filter { digests[$0] != common }
  }

  /// The host of the rank to blame, if it is one.
  package var host: String? { ranks.count == 1 ? hosts[ranks[0]] : nil }

  /// The words that are the same for the same cause.
  package var cause: String {
    ranks.count == 1 ? "computes wrongly" : "ranks \(ranks.map(String.init).joined(separator: ", ")) disagree"
  }

  /// The sentence, with the remedy.
  package var message: String {
    let names = ranks.map { "rank \($0) on \(hosts[$0])" }.joined(separator: " or ")
    let verdict = ranks.count == 1 ? "\(names) computes wrongly" : "\(names) computes wrongly, which one cannot be told"
    return
      "\(verdict): in step \(step) \(finding); take \(ranks.count == 1 ? "that machine" : "these machines") out of "
      + "the run and test the processor and the memory"
  }
}
