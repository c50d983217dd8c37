import Checkpoints
import Collectives
import Planner
import Testing
import Training

/// The first promise: the number of workers never changes the answer.
@Suite(.serialized) struct IdentityTests {
  /// One rank, one lane.
  private static let alone: Result<Trace, any Error> = Result {
    try LittleRun.run(try LittleRun.blueprint(), ranks: 1, lanes: 1)[0]
  }

  @Test(.timeLimit(.minutes(6)), arguments: [1, 2, 3, 5], [1, 2])
  func `ranks, lanes and buckets change no bit`(ranks: Int, lanes: Int) throws {
    let alone = try Self.alone.get()
    for bucket in ["1KiB", "5KiB", "1MiB"] {
      let blueprint = try LittleRun.blueprint(["exchange.bucket=\(bucket)"])
      let traces = try LittleRun.run(blueprint, ranks: ranks, lanes: lanes)
      expectSame(traces, alone)
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: UInt64(1)...3)
  func `late messages change no bit`(seed: UInt64) throws {
    let traces = try LittleRun.run(try LittleRun.blueprint(), ranks: 4, lanes: 2, seed: seed)
    expectSame(traces, try Self.alone.get())
  }

  @Test(.timeLimit(.minutes(4)), arguments: [8, 16])
  func `many ranks change no bit`(ranks: Int) throws {
    expectSame(try LittleRun.run(try LittleRun.blueprint(), ranks: ranks, lanes: 1), try Self.alone.get())
  }

  /// More lanes than micro-batches: the others stay idle.
  @Test(.timeLimit(.minutes(4)))
  func `idle lanes change no bit`() throws {
    expectSame(try LittleRun.run(try LittleRun.blueprint(), ranks: 5, lanes: 4), try Self.alone.get())
  }

  /// Nor does computing values twice, to save memory.
  @Test(.timeLimit(.minutes(4)))
  func `recomputation changes no bit`() throws {
    let plain = try LittleRun.blueprint(network: LittleRun.deepNetwork)
    let blocks = try LittleRun.blueprint(["train.recompute=blocks"], network: LittleRun.deepNetwork)
    #expect(blocks.plan.training.instructions.contains { $0.pass == .recomputation })
    #expect(blocks.plan.training.arenaCount < plain.plan.training.arenaCount)
    let alone = try LittleRun.run(plain, ranks: 1, lanes: 1)[0]
    #expect(alone.metrics.allSatisfy { $0.loss.isFinite })
    for (ranks, lanes) in [(1, 1), (1, 2), (3, 1), (2, 2), (5, 2)] {
      expectSame(try LittleRun.run(blocks, ranks: ranks, lanes: lanes), alone)
    }
  }

  /// The test has teeth: a plain all-reduce fails it.
  @Test(.timeLimit(.minutes(4)), arguments: [2, 3, 5])
  func `any order does change bits`(ranks: Int) throws {
    let blueprint = try LittleRun.blueprint(["exchange.order=any"])
    let one = try LittleRun.run(blueprint, ranks: 1, lanes: 1)[0]
    let several = try LittleRun.run(blueprint, ranks: ranks, lanes: 1)
    #expect(several[0].gradients != one.gradients)
    #expect(several[0].parameters != one.parameters)
    #expect(several.allSatisfy { $0.parameters == several[0].parameters }, "the replicas are still equal")
    #expect(several[0].metrics.map(\.samples) == one.metrics.map(\.samples))
    #expect(abs(several[0].metrics[0].loss - one.metrics[0].loss) < 1e-5)
  }

  /// And the run does something: it learns, and its steps differ.
  @Test func `the run is not trivial`() throws {
    let alone = try Self.alone.get()
    #expect(Set(alone.gradients).count == LittleRun.steps)
    #expect(Set(alone.microBatches.joined()).count == LittleRun.steps * LittleRun.microBatches)
    #expect(alone.metrics.allSatisfy { $0.samples == 48 && $0.loss.isFinite && !$0.stop && !$0.save })
    let momentum = try #require(alone.snapshot?.states.first)
    #expect(momentum.contains { $0 != 0 })
    let first = try #require(alone.metrics.first?.loss)
    let last = try #require(alone.metrics.last?.loss)
    #expect(last < first)
  }

  private func expectSame(_ traces: [Trace], _ alone: Trace, sourceLocation: SourceLocation = #_sourceLocation) {
    for (rank, trace) in traces.enumerated() {
      #expect(trace.metrics == alone.metrics, "rank \(rank)", sourceLocation: sourceLocation)
      #expect(trace.microBatches == alone.microBatches, "rank \(rank)", sourceLocation: sourceLocation)
      #expect(trace.parameters == alone.parameters, "rank \(rank)", sourceLocation: sourceLocation)
    }
    #expect(traces[0].gradients == alone.gradients, sourceLocation: sourceLocation)
    #expect(traces[0].snapshot?.bytes == alone.snapshot?.bytes, sourceLocation: sourceLocation)
    #expect(traces[0].evaluation == alone.evaluation, sourceLocation: sourceLocation)
  }
}
