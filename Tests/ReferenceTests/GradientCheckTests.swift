import Network
import Reference
import TestSupport
import Testing

/// The interpreter's backward pass against finite differences of its forward pass.
struct GradientCheckTests {
  @Test(.timeLimit(.minutes(4)), arguments: UInt64(0)..<60)
  func `the backward pass of a random model agrees with finite differences`(seed: UInt64) throws {
    let network = RandomModel.network(seed: seed)
    let rows = try GradientCheck(network: network, batch: 3, seed: seed).run { _ in }
    let parameters = try network.layerTable().flatMap { $0.parameters.map(\.name) }
    #expect(Set(rows.map(\.name)) == Set(parameters + ["images"]))
    for row in rows {
      #expect(row.relativeError < GradientCheck.tolerance, "\(row) in \(network.fileText)")
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: Zoo.models.prefix(2))
  func `the small zoo models agree with finite differences`(model: ZooModel) throws {
    let rows = try GradientCheck(network: model.network, batch: 2, seed: 1).run { _ in }
    #expect(rows.allSatisfy { $0.relativeError < GradientCheck.tolerance }, "\(rows)")
  }

  @Test(.timeLimit(.minutes(4)))
  func `progress is told every row in order, and two checks are equal`() throws {
    let check = try GradientCheck(network: RandomModel.network(seed: 5), batch: 2, seed: 9)
    var told: [GradientCheckRow] = []
    let rows = check.run { told.append($0) }
    #expect(told == rows)
    #expect(rows.first?.name == "images")
    #expect(check.run { _ in } == rows)
  }
}
