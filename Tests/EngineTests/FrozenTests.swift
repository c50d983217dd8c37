import Engine
import Network
import Planner
import Reference
import TestSupport
import Testing

/// What is frozen costs nothing and changes no bit of the rest.
@Suite struct FrozenTests {
  private func frozen(
    _ subject: Subject, seed: UInt64, statistics: Bool = false, _ adjust: (inout PlanOptions) -> Void
  ) throws -> Subject {
    var options = subject.plan.options
    options.freeze(partOf: subject.plan.layout, seed: seed, statistics: statistics)
    adjust(&options)
    return try subject.planned(options)
  }

  /// The outcome's bits by name, without what `part` does not train.
  private func bits(_ outcome: Outcome, _ subject: Subject, trainedIn part: Subject) -> [String: [UInt64]] {
    outcome.bits(subject.plan.layout).filter { name, _ in !part.plan.options.frozen.contains(name) }
  }

  @Test(.timeLimit(.minutes(4)), arguments: UInt64(0)..<120)
  func `freezing parameters leaves all other gradients to the bit`(seed: UInt64) throws {
    let whole = try Subject(RandomModel.network(seed: seed), batch: 3)
    let want = try whole.train()
    for recompute in RecomputeChoice.allCases {
      let part = try frozen(whole, seed: seed, { $0.recompute = recompute })
      var executor = try Executor(plan: part.plan)
      executor.poisonArena()
      let got = bits(part.train(on: &executor), part, trainedIn: part)
      #expect(differing(got, bits(want, whole, trainedIn: part)) == [])
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: [Zoo.models[1].network, Zoo.models[2].network, Small.mixed])
  func `without the images' gradient too`(network: NetworkDescription) throws {
    let whole = try Subject(network, batch: 3) { $0.imageGradient = false }
    let want = try whole.train()
    for seed in UInt64(0)..<8 {
      let part = try frozen(whole, seed: seed, { _ in })
      #expect(differing(bits(try part.train(), part, trainedIn: part), bits(want, whole, trainedIn: part)) == [])
    }
  }

  /// The forward pass has the same bits without fusion, too; a sum of gradients need not.
  @Test(.timeLimit(.minutes(4)), arguments: UInt64(0)..<120)
  func `memory changes no bit of what is trained beside frozen statistics`(seed: UInt64) throws {
    let whole = try Subject(RandomModel.network(seed: 300 + seed), batch: 3)
    let plain = try frozen(whole, seed: seed, statistics: true) { $0.reusesMemory = false }
    let outcome = try plain.train()
    let want = outcome.bits(plain.plan.layout)
    for recompute in RecomputeChoice.allCases {
      let part = try frozen(whole, seed: seed, statistics: true) { $0.recompute = recompute }
      var executor = try Executor(plan: part.plan)
      executor.poisonArena()
      #expect(differing(part.train(on: &executor).bits(part.plan.layout), want) == [])
    }
    let unfused = try frozen(whole, seed: seed, statistics: true) { $0.fuses = false }
    #expect(try unfused.train().logits.map(\.bitPattern) == outcome.logits.map(\.bitPattern))
  }

  @Test(.timeLimit(.minutes(4)), arguments: UInt64(0)..<60)
  func `with all statistics frozen training computes what evaluation does`(seed: UInt64) throws {
    let whole = try Subject(RandomModel.network(seed: 500 + seed), batch: 3)
    var options = whole.plan.options
    options.frozenStatistics = Set(whole.plan.layout.statistics.map(\.path))
    let part = try whole.planned(options)
    let isRandom = part.plan.training.instructions.contains { if case .dropout = $0.operation { true } else { false } }
    guard !isRandom else { return }
    #expect(try part.train().logits.map(\.bitPattern) == part.evaluate().logits.map(\.bitPattern))
    #expect(try part.evaluate().logits.map(\.bitPattern) == whole.evaluate().logits.map(\.bitPattern))
  }

  private func differing(_ a: [String: [UInt64]], _ b: [String: [UInt64]]) -> [String] {
    Set(a.keys).union(b.keys).filter { a[$0] != b[$0] }.sorted()
  }
}

extension Subject {
  /// The same model, parameters by name and samples with another plan.
  func planned(_ options: PlanOptions) throws -> Subject {
    var subject = self
    subject.plan = try Planner.plan(network, options: options)
    let (from, to) = (plan.layout, subject.plan.layout)
    var values = [Float](repeating: .nan, count: to.count)
    for parameter in to.parameters {
      guard let source = from.parameters.first(where: { $0.name == parameter.name }) else { continue }
      values.replaceSubrange(parameter.range, with: parameters[source.range])
    }
    for statistics in to.statistics {
      guard let source = from.statistics.first(where: { $0.path == statistics.path }) else { continue }
      values.replaceSubrange(statistics.mean, with: parameters[source.mean])
      values.replaceSubrange(statistics.variance, with: parameters[source.variance])
    }
    subject.parameters = values
    return subject
  }
}
