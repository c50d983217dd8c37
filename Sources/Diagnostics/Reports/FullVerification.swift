package import Collectives
package import Configuration
import Datasets
import Foundation
package import Training

/// Reads every sample on all ranks together and prints one digest, which is the same for any number of ranks.
package struct FullVerification {
  private let communicator: any Communicator
  private let agreement: Agreement

  /// A verification by these ranks; all of them take part in `run`.
  package init(_ communicator: any Communicator) {
    self.communicator = communicator
    agreement = Agreement(communicator)
  }

  /// Reads the data of a configuration, which every rank reads for itself; rank 0 prints.
  ///
  /// - Throws: `RunError` with code `failed` if a sample cannot be used, `unusable` if the data cannot be opened or the
  ///   ranks see different data.
  package func run(_ configuration: () throws -> RunConfiguration) throws(RunError) {
    let dataset = try agreement.everywhere { try DataReport.open(configuration(), isSurvey: true) }
    try compare(dataset)
    var problems: [SampleProblem] = []
    let train = try read("train", dataset.train, &problems)
    let test = try read("test", dataset.test, &problems)
    say("data: digest \(ContentBlocks.digest(train: train, test: test))")
    for note in dataset.notes { say("note: \(note)") }
    guard var failure = DataReport.failure(problems) else { return }
    failure.isCollective = true
    throw failure
  }

  /// Ranks that read parts of different data would print the digest of neither.
  private func compare(_ dataset: Dataset) throws(RunError) {
    let own = try agreement.everywhere { try dataset.identity() }
    let identities = try exchange(own)
    let others = identities.indices.filter { identities[$0] != identities[0] }
    guard let first = others.first else { return }
    let (here, there) = (identities[0], identities[first])
    let part =
      here.classes != there.classes ? "classes" : here.train != there.train ? "training samples" : "test samples"
    throw RunError(
      .unusable,
      "the data of rank\(others.count > 1 ? "s" : "") \(others.map(String.init).joined(separator: ", ")) differs from that "
        + "of rank 0 (the \(part) of rank \(first)); copy the same data to every machine", isCollective: true)
  }

  /// The digest of a split; its problems are added on every rank.
  private func read(
    _ name: String, _ source: any SampleSource, _ problems: inout [SampleProblem]
  ) throws(RunError) -> String {
    let blocks = ContentBlocks(source)
    let share = ReductionTree.share(of: blocks.count, rank: communicator.rank, ranks: communicator.size)
    var progress = ReadingProgress(name)
    var own = Part()
    for block in share {
      own.digests.append(blocks.digest(ofBlock: block, problems: &own.problems))
      if communicator.rank == 0 {
        progress.tell((block + 1) * ContentBlocks.length * communicator.size, of: source.count)
      }
    }
    let parts = try exchange(own)
    let found = parts.flatMap(\.problems)
    let digest = blocks.digest(of: parts.flatMap(\.digests))
    say("\(name): \(Display.count(source.count)) samples read, \(ProblemCounts(found).text), digest \(digest)")
    for problem in found { say("  \(problem.message)") }
    problems += found
    return digest
  }

  /// What one rank has read.
  private struct Part: Codable {
    var digests: [String] = []
    var problems: [SampleProblem] = []
  }

  /// What each rank offers, in their order, on every rank.
  private func exchange<Offer: Codable>(_ offer: Offer) throws(RunError) -> [Offer] {
    do {
      let offers = try communicator.allGather(Array(try JSONEncoder().encode(offer)))
      return try offers.map { try JSONDecoder().decode(Offer.self, from: Data($0)) }
    } catch {
      throw RunError(.failed, "rank \(communicator.rank): \(error)")
    }
  }

  private func say(_ line: String) {
    if communicator.rank == 0 { print(line) }
  }
}
