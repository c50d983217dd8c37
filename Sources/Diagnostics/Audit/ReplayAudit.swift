import Checkpoints
import Collectives
import Configuration
import Kernels
import Planner
import Randomness
import Training

/// Computes a seeded sample of a run's micro-batches again, each alone on one core, and compares them with the ledger;
/// the steps on the way to each are compared as a whole.
struct ReplayAudit {
  /// A micro-batch of a step.
  struct Choice: Hashable {
    /// The step.
    let step: Int
    /// The micro-batch.
    let microBatch: Int
  }

  /// What is wrong, a sentence each.
  private(set) var faults = FaultList()
  /// What is not proven, a sentence each.
  private(set) var unproven: [String] = []
  /// What was computed again and is equal, in order.
  private(set) var equal: [Choice] = []
  private let records: RunRecords
  private let ledger: LedgerIndex
  private let request: AuditRequest
  /// From where on steps can be computed: the start of the run and its checkpoints.
  private var bases: [Base] = []

  /// A state to begin with.
  private struct Base {
    let step: Int
    /// Nil for the state before the first step, which the seed alone determines.
    let checkpoint: CheckpointEntry?
    /// The steps that are within reach, by rules that are known.
    let reach: Range<Int>
    /// What the run was made of in those steps.
    let identity: RunIdentity

    /// What the state is called.
    var name: String { checkpoint?.name ?? "the start" }
  }

  /// Finds the states to begin with.
  init(_ request: AuditRequest, _ records: RunRecords, _ ledger: LedgerIndex, _ sound: [CheckpointAudit.Sound]) {
    (self.request, self.records, self.ledger) = (request, records, ledger)
    let end = (ledger.last ?? -1) + 1
    // In an order of summation that depends on the ranks, no step leads to the next one here.
    let reach = records.identity.configuration.exchange.order == .fixed ? max(1, request.reach) : 1
    let starts: [(step: Int, sound: CheckpointAudit.Sound?)] = [(0, nil)] + sound.map { ($0.entry.step, $0) }
    for (index, start) in starts.enumerated() {
      let next = index + 1 < starts.count ? starts[index + 1].sound : nil
      let identity = next?.identity ?? records.identity
      // Between two checkpoints of different rules nobody knows at which step they changed.
      guard start.sound.map({ $0.identity.computes(as: identity) }) ?? true else { continue }
      let limit = min(end, next?.entry.step ?? end, start.step + reach)
      guard start.step < limit else { continue }
      bases.append(
        Base(step: start.step, checkpoint: start.sound?.entry, reach: start.step..<limit, identity: identity))
    }
    let reached = bases.reduce(0) { $0 + $1.reach.count }
    if reached < end {
      unproven.append(
        "the gradients of \(end - reached) of \(end) steps are more than \(reach) steps after a checkpoint or the "
          + "start and were no candidates for the replay (--reach)")
    }
  }

  /// Replays the sample.
  ///
  /// - Throws: `RunError` if a checkpoint, the ledger or a sample cannot be read, or memory is short.
  mutating func run(_ blueprint: Blueprint) throws(RunError) {
    guard KernelSet.description == records.identity.kernels else {
      unproven.append(
        "the gradients: the run computed with the kernels \(records.identity.kernels), this machine has "
          + "\(KernelSet.description), whose bits may differ")
      return
    }
    let choices = sample()
    var progress = ReadingProgress("micro-batches", done: "replayed")
    var done = 0
    for base in bases {
      let own = choices.filter { base.reach.contains($0.step) }
      guard !own.isEmpty else { continue }
      try replay(own, from: base, blueprint) {
        done += 1
        progress.tell(done, of: choices.count)
      }
    }
  }

  /// The chosen micro-batches by ascending step: different ones, each as likely as any other within reach.
  private func sample() -> [Choice] {
    let steps = bases.flatMap { Array($0.reach) }
    let count = records.identity.configuration.train.microBatches
    var random = RandomStream(seed: request.seed, purpose: .audit)
    var chosen: Set<Choice> = []
    let wanted = min(request.sample, steps.count * count)
    if wanted == steps.count * count {
      return steps.flatMap { step in (0..<count).map { Choice(step: step, microBatch: $0) } }
    }
    while chosen.count < wanted {
      chosen.insert(
        Choice(step: steps[random.integer(below: steps.count)], microBatch: random.integer(below: count)))
    }
    return chosen.sorted { ($0.step, $0.microBatch) < ($1.step, $1.microBatch) }
  }

  private mutating func replay(
    _ choices: [Choice], from base: Base, _ blueprint: Blueprint, told: () -> Void
  ) throws(RunError) {
    let isSame = base.identity.configuration.differences(to: records.identity.configuration).isEmpty
    let blueprint = isSame ? blueprint : try records.blueprint(request.overrides, of: base.identity)
    let (state, pending) = try start(base, blueprint)
    let walk = try StepWalk(blueprint, from: state, pending: pending)
    for choice in choices {
      while walk.step < choice.step {
        guard try compare(try walk.advance(), from: base) else { return }
      }
      try compare(choice, parameters: walk.parameters, from: base, blueprint)
      told()
    }
  }

  private func start(_ base: Base, _ blueprint: Blueprint) throws(RunError) -> (TrainingState, TrainingSums) {
    guard let checkpoint = base.checkpoint else {
      let configuration = blueprint.configuration
      return (
        TrainingState(initial: blueprint.plan.layout, seed: configuration.seed, updates: blueprint.updates),
        TrainingSums()
      )
    }
    let contents: CheckpointContents
    do { contents = try CheckpointStore.load(checkpoint.path) } catch { throw RunError.unusable(error) }
    return (try records.state(of: contents, at: checkpoint.path), contents.state.pending)
  }

  /// Compares a step on the way; false if there is no use in going on.
  private mutating func compare(_ computed: LedgerEntry, from base: Base) throws(RunError) -> Bool {
    guard let recorded = try ledger.entry(ofStep: computed.step) else { return false }
    guard let parting = LedgerParting(computed, recorded) else { return true }
    // Of the rules at the start nothing is left but the present ones, if the checkpoints from then are gone.
    let doubt =
      base.checkpoint == nil && parting.part == .weights
      ? "; the first steps went by other rules than \(records.directory.identity) has now, or were computed wrongly"
      : ""
    faults.add(
      "step \(computed.step), replayed from \(base.name): \(parting.sentence("the replay", "the ledger"))\(doubt)")
    return false
  }

  private mutating func compare(
    _ choice: Choice, parameters: [Float], from base: Base, _ blueprint: Blueprint
  ) throws(RunError) {
    let computed = try StepReplay(
      of: choice.microBatch..<choice.microBatch + 1, step: choice.step, parameters: parameters, blueprint: blueprint)
    guard let recorded = try ledger.entry(ofStep: choice.step) else { return }
    let digest = computed.microBatches.first.map(LedgerEntry.text) ?? ""
    guard recorded.microBatches.indices.contains(choice.microBatch) else { return }
    let known = recorded.microBatches[choice.microBatch]
    if digest == known {
      equal.append(choice)
    } else {
      faults.add(
        "step \(choice.step), micro-batch \(choice.microBatch), replayed from \(base.name): its digest is \(digest), but "
          + "the ledger has \(known)")
    }
  }
}
