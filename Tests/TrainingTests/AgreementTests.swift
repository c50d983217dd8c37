import Checkpoints
import Collectives
import Planner
import Testing
import Training

/// Either all ranks go on, or all end with the same error.
@Suite struct AgreementTests {
  /// Runs `body` on four ranks and returns what each of them throws; nil where it does not.
  private func errors(_ body: @escaping @Sendable (Agreement, Int) throws(RunError) -> Void) throws -> [RunError?] {
    try ThreadCluster.run(ranks: 4, deadline: .seconds(60)) { communicator in
      do throws(RunError) {
        try body(Agreement(communicator), communicator.rank)
        return nil
      } catch {
        return error
      }
    }
  }

  private func expectShared(_ errors: [RunError?], sourceLocation: SourceLocation = #_sourceLocation) {
    for error in errors {
      #expect(error?.code == .unusable, sourceLocation: sourceLocation)
      #expect(error?.isCollective == true, "one report is enough", sourceLocation: sourceLocation)
      #expect(error?.description == errors[0]?.description, sourceLocation: sourceLocation)
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: 0..<4)
  func `a problem of one rank ends all`(culprit: Int) throws {
    let errors = try errors { agreement, rank throws(RunError) in
      try agreement.everywhere {
        if rank == culprit { throw RunError(.failed, "no disk") }
      }
    }
    expectShared(errors)
    #expect(errors[0]?.description == (culprit == 0 ? "no disk" : "rank \(culprit): no disk"))
  }

  @Test(.timeLimit(.minutes(4)))
  func `several problems are all told`() throws {
    let shared = try errors { agreement, _ throws(RunError) in
      try agreement.everywhere { throw RunError(.unusable, "no disk") }
    }
    expectShared(shared)
    #expect(shared[0]?.description == "no disk")
    let different = try errors { agreement, rank throws(RunError) in
      try agreement.everywhere {
        if rank > 0 { throw RunError(.unusable, rank == 2 ? "no memory" : "no disk") }
      }
    }
    expectShared(different)
    #expect(different[0]?.description == "ranks 1, 3: no disk\nrank 2: no memory")
  }

  @Test(.timeLimit(.minutes(4)))
  func `without a problem all go on`() throws {
    let results = try ThreadCluster.run(ranks: 4) { communicator in
      let agreement = Agreement(communicator)
      let own = try agreement.everywhere { communicator.rank * 10 }
      let first = try agreement.onCoordinator { "coordinator" }
      return "\(own) \(first ?? "nothing") \(try agreement.share(communicator.rank == 0 ? "hello" : nil))"
    }
    #expect(results == ["0 coordinator hello", "10 nothing hello", "20 nothing hello", "30 nothing hello"])
  }

  @Test(.timeLimit(.minutes(4)))
  func `a problem of the coordinator ends all`() throws {
    let errors = try errors { agreement, _ throws(RunError) in
      _ = try agreement.onCoordinator { () -> Int in throw RunError(.failed, "no room") }
    }
    expectShared(errors)
    #expect(errors[0]?.description == "no room")
  }

  @Test(.timeLimit(.minutes(4)))
  func `the state of the coordinator reaches all`() throws {
    let blueprint = try LittleRun.blueprint()
    var state = LittleRun.start(blueprint)
    state.step = 300
    let layout = blueprint.plan.layout
    let offered = state
    let states = try ThreadCluster.run(ranks: 3) { communicator in
      try Agreement(communicator).share(communicator.rank == 0 ? offered : nil, layout: layout)
    }
    #expect(states.allSatisfy { $0 == offered })
  }
}
