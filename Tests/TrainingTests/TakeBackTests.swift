import Checkpoints
import Collectives
import Synchronization
import TestSupport
import Testing
import Training

/// Steps that are given up, and the state before them.
@Suite struct TakeBackTests {
  /// Gives up after so many instructions, once it is armed.
  private final class Impatience: Sendable {
    private let count = Atomic<Int>(0)
    private let isArmed = Atomic<Bool>(false)
    private let patience: Int

    init(_ patience: Int) { self.patience = patience }

    func arm() { isArmed.store(true, ordering: .relaxed) }

    var isOver: Bool {
      isArmed.load(ordering: .relaxed) && count.add(1, ordering: .relaxed).newValue > patience
    }
  }

  private static let settings = [
    ["train.optimizer={sgd: {momentum: 0.9}}"], ["train.optimizer={adamw: {}}"], ["train.optimizer={lamb: {}}"],
    ["train.optimizer={sgd: {momentum: 0.9}}", "train.ema={}", "train.lookahead={}"], ["exchange.order=any"],
  ]

  /// Whoever gives the fifth step up, at whichever instruction: what is saved is the state after four.
  @Test(.timeLimit(.minutes(4)), arguments: settings, [(1, 2), (3, 1), (4, 2)])
  func `the state before a step that is given up is whole`(settings: [String], share: (Int, Int)) throws {
    let (ranks, lanes) = share
    let blueprint = try LittleRun.blueprint(settings)
    let isAny = settings == ["exchange.order=any"]
    let undisturbed = try LittleRun.run(blueprint, ranks: isAny ? ranks : 2, lanes: isAny ? lanes : 1, to: 4)
    let want = try #require(undisturbed[0].snapshot)
    for patience in [0, 17] {
      let found = try ThreadCluster.run(ranks: ranks, deadline: .seconds(120)) { communicator in
        let impatience = communicator.rank == ranks - 1 ? Impatience(patience) : nil
        let worker = try Worker(
          blueprint: blueprint, communicator: communicator, lanes: lanes, state: LittleRun.start(blueprint),
          givesUp: { impatience?.isOver ?? false })
        defer { worker.end() }
        for step in 0..<4 { #expect(try !worker.step(step, votes: Votes()).isGivenUp) }
        impatience?.arm()
        #expect(try worker.step(4, votes: Votes()).isGivenUp)
        try worker.takeBack()
        return try worker.snapshot(step: 4)
      }
      #expect(found[0]?.bytes == want.bytes, "given up after \(patience) instructions")
    }
  }

  @Test func `only long steps are given up`() throws {
    let blueprint = try LittleRun.blueprint()
    #expect(!blueprint.hasLongSteps(ranks: 1))
  }
}
