import Checkpoints
import Collectives
import Configuration
import Datasets
import Interchange
import Kernels
import Optimizers
import Planner
import StrictYAML

/// The start of a run: what each rank finds out alone, what all agree on, and what the coordinator hands to all.
struct RunSetup {
  /// The run, the same on every rank.
  let blueprint: Blueprint
  /// The coordinator, on rank 0.
  let coordinator: Coordinator?
  /// The run directory, as rank 0 names it.
  let directory: RunDirectory
  /// Compute threads of this rank.
  let lanes: Int
  /// Why images are decoded anew each time; nil if they are not, or if nobody wants them kept.
  let cacheProblem: String?
  private let state: TrainingState

  /// The step to begin with.
  var firstStep: Int { state.step }

  /// Sets the run up; all ranks call it together and all succeed or all fail. Nil if the run is complete already, which
  /// rank 0 says.
  ///
  /// - Throws: `RunError` with code `unusable`, reported by rank 0.
  static func prepare(
    _ request: TrainRequest, communicator: any Communicator, coresPerRank: CoreBudget, console: Console
  ) throws(RunError) -> RunSetup? {
    let agreement = Agreement(communicator)
    let start = try agreement.onCoordinator { try RunStart(request) }
    let offer = try agreement.share(start?.offer)
    let blueprint = try agreement.everywhere {
      // Rank 0 has read it already.
      let known = try start?.configuration ?? offer.sharedConfiguration()
      return try offer.blueprint(
        known ?? Configurations.read(path: request.configuration, overrides: request.overrides))
    }
    try agreement.everywhere { try request.chaos.check(blueprint, ranks: communicator.size) }
    let identity = try agreement.everywhere { try RunIdentity(blueprint, report: console.note) }
    try agreement.same(identity)
    let completion = try agreement.onCoordinator { try start?.completion(of: blueprint) }
    guard try agreement.share(completion.flatMap(\.self)?.sentence).isEmpty else {
      if let completion = completion.flatMap(\.self) {
        console.line(completion.sentence)
        console.end(completion.end)
      }
      return nil
    }
    return try RunSetup(
      start, blueprint, identity, chaos: request.chaos, communicator: communicator, coresPerRank: coresPerRank,
      console: console)
  }

  private init(
    _ start: RunStart?, _ opened: Blueprint, _ identity: RunIdentity, chaos: ChaosPlan,
    communicator: any Communicator, coresPerRank: CoreBudget, console: Console
  ) throws(RunError) {
    let agreement = Agreement(communicator)
    (blueprint, cacheProblem) = try RunSetup.keepingImages(opened, communicator)
    let lanes = try agreement.everywhere { try opened.lanes(ranks: communicator.size, cores: coresPerRank.own) }
    let memoryNotes = try MemoryCheck.settle(blueprint, lanes: lanes, communicator)
    self.lanes = lanes
    let workplace = Workplace(workers: communicator.size, lanes: lanes)
    let run = blueprint
    let opening = try agreement.onCoordinator { () -> Opening? in
      guard let start else { return nil }
      return try Opening(start, run, identity, workplace, chaos, console)
    }
    state = try agreement.share(opening??.state, layout: blueprint.plan.layout)
    coordinator = opening??.coordinator
    directory = RunDirectory(try agreement.share(coordinator?.directory.path))
    if let opening = opening ?? nil {
      let announcement = Announcement(
        blueprint: blueprint, identity: identity, workplace: workplace, cores: coresPerRank, firstStep: state.step,
        directory: directory.path,
        notices: opening.notices + [cacheProblem].compactMap(\.self) + memoryNotes
          + StartWarnings.sentences(for: blueprint))
      console.start(announcement)
      if chaos != .none { console.warning("--chaos makes faults on purpose: \(chaos.text)") }
    }
  }

  /// The same run with a cache of decoded images, or why it has none. All ranks call it together.
  private static func keepingImages(
    _ blueprint: Blueprint, _ communicator: any Communicator
  ) throws(RunError) -> (blueprint: Blueprint, problem: String?) {
    let count = blueprint.dataset.cacheByteCount(limit: blueprint.configuration.data.cache.bytes)
    guard count > 0 else { return (blueprint, nil) }
    switch try communicator.asFailed({ try MachineMemory.share(count: count, over: communicator) }) {
    case .success(let memory): return (blueprint.keepingImages(in: memory), nil)
    case .failure(let problem): return (blueprint, problem.message)
    }
  }

  /// What the coordinator prepares.
  private struct Opening {
    let state: TrainingState
    let coordinator: Coordinator
    let notices: [String]

    init(
      _ start: RunStart, _ blueprint: Blueprint, _ identity: RunIdentity, _ workplace: Workplace, _ chaos: ChaosPlan,
      _ console: Console
    ) throws(RunError) {
      notices = try start.notices + start.changes(to: blueprint, identity)
      state = try start.state(for: blueprint)
      coordinator = try Coordinator(
        start, blueprint: blueprint, identity: identity, workplace: workplace, chaos: chaos, console: console)
    }
  }

  /// The worker of this rank, at the state to begin with.
  ///
  /// - Parameter givesUp: see `Worker`.
  func worker(
    _ communicator: any Communicator, givesUp: (@Sendable () -> Bool)?
  ) throws(RunError) -> Worker {
    try Worker(
      blueprint: blueprint, communicator: communicator, lanes: lanes, state: state, givesUp: givesUp,
      keepsUndo: blueprint.keepsUndo(ranks: communicator.size), recomputes: true)
  }
}

/// Where a run computes, for information only: nothing of it reaches the bits.
struct Workplace: Hashable, Sendable {
  /// The number of ranks.
  let workers: Int
  /// Compute threads of rank 0.
  let lanes: Int
}
