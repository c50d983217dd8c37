import Checkpoints
import Collectives
import Network
import Optimizers
import Planner
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

  /// All ranks decide alike, since nothing of a rank goes in; and what is kept is a part of the memory that is told.
  @Test func `steps are taken back where they are long and memory allows`() throws {
    #expect(try !LittleRun.blueprint().givesUpSteps(ranks: 1), "a short step ends by itself")
    let kept = try [("resnet50", 8, 1), ("resnet50", 8, 4), ("resnet50", 8, 4096), ("vgg19", 4, 1), ("vgg19", 4, 16)]
      .map { name, microBatch, ranks in
        let network = try #require(Zoo.model(name)).network
        let plan = try Planner.plan(network, options: PlanOptions(microBatch: microBatch, microBatches: ranks))
        let updates = UpdatePlan(AdamW(), layout: plan.layout)
        let buffers = StepUndo.buffers(plan, updates, ranks: ranks)
        let memory = [updates, nil].map { RankMemory(plan: plan, lanes: 1, ranks: ranks, updates: $0).optimizer }
        // Two states and what is kept, beside one state; each is cut among the ranks.
        #expect(abs(memory[0] - (2 + buffers) * memory[1]) <= 3 + buffers)
        return buffers
      }
    #expect(kept == [3, 3, 3, 0, 3])
  }
}
