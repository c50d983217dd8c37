package import Checkpoints
package import Collectives
import Configuration
package import Optimizers
import Planner

/// One rank at work: its lanes, its buffers and its side of the exchange. Used from the thread of its communicator.
@safe
package final class Worker {
  /// The blueprint that all ranks share.
  package let blueprint: Blueprint
  /// The ranks.
  let communicator: any Communicator
  /// This rank's share of a step.
  let share: WorkShare
  /// How the flat buffer is cut for the exchange.
  let segments: BucketLayout
  /// Parameters and gradients.
  let buffers: FlatBuffers
  /// Updates the segments that this rank owns.
  let optimizer: FlatOptimizer
  /// The step before which the optimizer's states were started.
  let statesSince: Int
  /// What the schedule keeps of the evaluations so far, the same on every rank.
  package private(set) var schedule: ScheduleState
  private let exchange: any GradientExchange
  private let feed: any MicroBatchFeed
  private let progress: [LaneProgress]
  /// The lanes beside the main one.
  let threads: [LaneThread]
  /// The lane on the main thread, which polls the exchange.
  var mainLane: Lane
  /// Buckets of the running step that have gone to the exchange.
  private var contributed = 0
  /// Seconds of the running step spent on handing buckets over.
  private var secondsReducing = 0.0
  /// What computes micro-batches of other ranks again; nil of a run that does not.
  let recomputation: Recomputation?
  /// The group of snapshot messages.
  let snapshotGroup: Int
  /// What the last step took.
  package private(set) var timing = StepTiming()

  /// A worker that continues from `state`.
  ///
  /// - Parameters:
  ///   - blueprint: the run.
  ///   - communicator: the ranks.
  ///   - lanes: compute threads of this rank; at most one per micro-batch of the rank is used.
  ///   - state: parameters and optimizer states after `state.step` steps, the same on every rank.
  ///   - feed: where the lanes get their micro-batches from; nil for the run's training data.
  ///   - givesUp: whether the step under way is to be given up, asked between instructions; nil where none ever is.
  ///     Either all ranks have it or none.
  ///   - keepsUndo: whether the last step can be taken back, as it can where steps are given up; the same on all ranks.
  ///   - recomputes: whether micro-batches are computed again, if the configuration wants it; the same on all ranks.
  /// - Throws: `RunError` if memory is short or the transport cannot carry the buckets.
  package init(
    blueprint: Blueprint, communicator: any Communicator, lanes: Int, state: TrainingState,
    feed: (any MicroBatchFeed)? = nil, givesUp: (@Sendable () -> Bool)? = nil, keepsUndo: Bool = false,
    recomputes: Bool = false
  ) throws(RunError) {
    let layout = blueprint.plan.layout
    let settings = blueprint.configuration
    let order = settings.exchange.order
    self.blueprint = blueprint
    self.communicator = communicator
    share = WorkShare(
      microBatches: settings.train.microBatches, rank: communicator.rank, ranks: communicator.size, lanes: lanes,
      order: order)
    segments = BucketLayout(
      buckets: layout.buckets, block: FlatLayout.block,
      owners: order.owners(among: communicator.size))
    buffers = try FlatBuffers(layout: layout, slotsPerLane: share.lanes.map(\.slotCount))
    unsafe buffers.parameters.update(from: state.parameters, count: layout.count)
    statesSince = state.statesSince
    schedule = state.schedule
    optimizer = try Worker.optimizer(
      blueprint, OwnedSegments(layout: segments, rank: communicator.rank), buffers, state)
    if keepsUndo || givesUp != nil {
      do { try optimizer.keepsUndo() } catch { throw RunError.failed(error) }
    }
    exchange = try Worker.exchange(communicator, segments, blueprint, share, buffers, optimizer)
    snapshotGroup = communicator.reserveGroups(1)
    let feed = feed ?? SampleFeed(blueprint: blueprint, share: share, firstStep: state.step)
    self.feed = feed
    let progress = share.lanes.map { _ in LaneProgress() }
    self.progress = progress
    let recomputation = recomputes ? try Recomputation(blueprint, ranks: communicator.size) : nil
    let shared = Lane.Shared(
      blueprint: blueprint, share: share, buffers: buffers, feed: feed, activity: communicator.activity,
      givesUp: givesUp, traces: recomputation?.traces)
    self.recomputation = recomputation
    threads = share.lanes.indices.dropFirst().map {
      LaneThread(index: $0, shared: shared, progress: progress[$0])
    }
    mainLane = try Lane(index: 0, shared: shared, progress: progress[0])
  }

  /// Ends the prefetch thread and the lanes' threads.
  package func end() {
    for thread in threads { thread.begin(.end) }
    feed.stop()
  }

  private static func optimizer(
    _ blueprint: Blueprint, _ owned: OwnedSegments, _ buffers: FlatBuffers, _ state: TrainingState
  ) throws(RunError) -> FlatOptimizer {
    do {
      return try unsafe FlatOptimizer(
        blueprint.updates, layout: blueprint.plan.layout, owned: owned,
        microBatches: blueprint.configuration.train.microBatches, parameters: buffers.parameters, states: state.states)
    } catch {
      throw RunError.failed(error)
    }
  }

  private static func exchange(
    _ communicator: any Communicator, _ segments: BucketLayout, _ blueprint: Blueprint, _ share: WorkShare,
    _ buffers: FlatBuffers, _ optimizer: FlatOptimizer
  ) throws(RunError) -> any GradientExchange {
    let settings = blueprint.configuration
    let sums = unsafe share.sums.map { unsafe buffers.gradient(lane: $0.part, slot: $0.slot) }
    do {
      return try unsafe settings.exchange.order.exchange(
        communicator, layout: segments, tree: ReductionTree(leaves: settings.train.microBatches),
        parameters: buffers.parameters, sums: sums, update: optimizer,
        gradientCount: blueprint.plan.layout.parameterEnd)
    } catch {
      throw RunError.failed(error)
    }
  }

  /// Takes one step: computes this rank's micro-batches, exchanges gradients and updates the parameters.
  ///
  /// - Parameters:
  ///   - step: the step, one above the one before.
  ///   - votes: what this rank asks for.
  ///   - inspector: looks at each instruction of the main lane.
  /// - Returns: the metrics of the step, the same on every rank.
  /// - Throws: `RunError` if another rank or the input fails; the run then has to end.
  package func step(
    _ step: Int, votes: Votes, inspector: (any InstructionObserver)? = nil
  ) throws(RunError) -> StepMetrics {
    let started = ContinuousClock.now
    let scheduled = blueprint.scheduled(step: step, state: schedule)
    optimizer.begin(StepScalars(age: step - statesSince, rate: scheduled.rate, momentum: scheduled.momentum))
    (contributed, secondsReducing) = (0, 0)
    try failing { () throws(CommunicationError) in try exchange.beginStep() }
    unsafe recomputation?.begin(step: step, rank: communicator.rank, buffers.parameters)
    for thread in threads { thread.begin(.train(step: step)) }
    let inputBefore = mainLane.secondsAwaitingInput
    let loadingBefore = feed.secondsLoading
    try mainLane.train(step: step, votes: votes, inspector: inspector) { () throws(RunError) in
      try self.pump(step: step)
    }
    let waitedForLanes = try finish(step: step)
    timing = StepTiming(
      wall: started.secondsUntilNow, exchange: exchange.waited, lanes: waitedForLanes, reducing: secondsReducing,
      input: mainLane.secondsAwaitingInput - inputBefore, loading: feed.secondsLoading - loadingBefore)
    return unsafe StepMetrics(
      parameters: buffers.parameters, layout: blueprint.plan.layout, gradientIsFinite: exchange.gradientIsFinite)
  }

  /// Whether the schedule looks at evaluations.
  package var followsEvaluations: Bool { blueprint.configuration.train.schedule.rule.evaluationsToChange != nil }

  /// Takes note of an evaluation, which rank 0 has the scores of. All ranks call it together.
  package func note(_ scores: ScheduleScores?) throws(RunError) {
    guard followsEvaluations else { return }
    let rule = blueprint.configuration.train.schedule.rule
    let words = (scores.map { rule.state(after: $0, schedule) } ?? schedule).words
    let shared = try failing { () throws(CommunicationError) in
      try communicator.broadcast(MessageWords.bytes(words), from: 0)
    }
    schedule = ScheduleState(words: MessageWords.words(shared))
  }

  /// Waits for the other lanes and for the exchange; returns the seconds of waiting for the lanes.
  private func finish(step: Int) throws(RunError) -> Double {
    let (started, reduced) = (ContinuousClock.now, secondsReducing)
    var backoff = Backoff()
    while contributed < segments.buckets.count {
      try pump(step: step)
      for thread in threads { _ = try thread.poll() }
      backoff.pause()
    }
    for thread in threads { _ = try thread.collect() }
    let waited = started.secondsUntilNow - (secondsReducing - reduced)
    try failing { () throws(CommunicationError) in try exchange.finishStep() }
    return waited
  }

  /// Hands the buckets that all lanes have completed to the exchange, and lets it move on.
  private func pump(step: Int) throws(RunError) {
    let base = step * segments.buckets.count
    let ready = progress.reduce(segments.buckets.count) { min($0, $1.count - base) }
    if contributed < ready { try contribute(upTo: ready) }
    _ = try failing { () throws(CommunicationError) in try exchange.poll() }
  }

  private func contribute(upTo ready: Int) throws(RunError) {
    let started = ContinuousClock.now
    while contributed < ready {
      try contribute(contributed)
      contributed += 1
    }
    secondsReducing += started.secondsUntilNow
  }

  private func contribute(_ bucket: Int) throws(RunError) {
    for addition in share.join {
      unsafe FlatBuffers.accumulate(
        segments.buckets[bucket],
        from: buffers.gradient(lane: addition.source.part, slot: addition.source.slot),
        into: buffers.gradient(lane: addition.destination.part, slot: addition.destination.slot))
    }
    try failing { () throws(CommunicationError) in try exchange.contribute(bucket: bucket) }
  }

  /// Runs `body` and turns an error of the transport into one of the run.
  func failing<Result>(_ body: () throws(CommunicationError) -> Result) throws(RunError) -> Result {
    do { return try body() } catch { throw RunError(.failed, "rank \(communicator.rank): \(error)") }
  }

  /// The digest of the last step's reduced gradient, on rank 0.
  package var gradientDigest: UInt64 { exchange.gradientDigest }

  /// The Euclidean norm of the same gradient, before clipping, on rank 0; nil if it is not finite.
  package var gradientNorm: Double? {
    let norm = exchange.gradientSquares.squareRoot()
    return norm.isFinite ? norm : nil
  }
}
