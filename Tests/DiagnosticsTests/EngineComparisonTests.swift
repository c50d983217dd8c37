import Diagnostics
import Network
import Operators
import Planner
import Reference
import TestSupport
import Testing

/// The engine beside the interpreter, as `debug gradcheck` judges it: no false alarm. That a broken kernel is found is
/// shown in `CommandTests`, where one is broken.
@Suite struct EngineComparisonTests {
  private func rows(
    _ network: NetworkDescription, loss: Loss = .crossEntropy(CrossEntropyLoss()), batch: Int, seed: UInt64
  ) throws -> [EngineComparison.Row] {
    #expect(prepared)
    let check = try GradientCheck(network: network, loss: loss, batch: batch, seed: seed)
    return try EngineComparison(check, network: network, loss: loss, batch: batch, seed: seed).rows()
  }

  @Test(.timeLimit(.minutes(6)), arguments: UInt64(0)..<300)
  func `a sound engine passes on random models`(seed: UInt64) throws {
    let network = RandomModel.network(seed: seed)
    let random = seed % 3 == 0 ? RandomModel.loss(for: try network.output(), seed: seed) : nil
    let loss = random ?? .crossEntropy(CrossEntropyLoss())
    let rows = try rows(network, loss: loss, batch: 2 + Int(seed % 3), seed: seed)
    let parameters = try network.layerTable().flatMap { $0.parameters.map(\.name) }
    #expect(Set(parameters + ["images", "output", "output in evaluation", "loss"]).isSubset(of: rows.map(\.name)))
    #expect(rows.filter { !$0.isSound } == [], "\(network.fileText)")
  }

  @Test(.timeLimit(.minutes(4)), arguments: ["mlp", "lenet5", "resnet20"])
  func `a sound engine passes on the zoo, and two comparisons are equal`(name: String) throws {
    let network = try #require(Zoo.model(name)).network
    let first = try rows(network, batch: 2, seed: 1)
    #expect(first.allSatisfy { $0.isSound })
    #expect(try rows(network, batch: 2, seed: 1) == first)
  }
}
