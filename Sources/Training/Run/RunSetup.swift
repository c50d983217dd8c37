import Collectives
import Datasets
import Kernels
import Network
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

  /// Sets the run up; all ranks call it together and all succeed or all fail.
  ///
  /// - Throws: `RunError` with code `unusable`, reported by rank 0.
  init(
    _ request: TrainRequest, communicator: any Communicator, coresPerRank: CoreBudget, console: Console
  ) throws(RunError) {
    let agreement = Agreement(communicator)
    let plan = try agreement.onCoordinator { () throws(RunError) in try RunPlan(request) }
    let text = try agreement.share(plan?.configuration.yaml.text)
    let opened = try agreement.everywhere { () throws(RunError) in
      try RunSetup.blueprint(text: text, request: request, isCoordinator: communicator.rank == 0)
    }
    try agreement.equal(RunIdentity.facts(opened))
    let (blueprint, cacheProblem) = try RunSetup.keepingImages(opened, communicator)
    let lanes = try agreement.everywhere { () throws(RunError) in
      try blueprint.lanes(ranks: communicator.size, cores: coresPerRank.own)
    }
    let identity = RunIdentity(
      workers: communicator.size, lanes: lanes, kernels: KernelSet.description)
    let start = try agreement.onCoordinator { () throws(RunError) -> Start? in
      guard let plan else { return nil }
      return try Start(plan, blueprint, identity, console, isResumed: request.resume != nil)
    }
    state = try agreement.share(start??.state, layout: blueprint.plan.layout)
    coordinator = start??.coordinator
    directory = RunDirectory(try agreement.share(coordinator?.directory.path))
    self.blueprint = blueprint
    self.lanes = lanes
    self.cacheProblem = cacheProblem
    if let plan, let coordinator {
      let announcement = Announcement(
        blueprint: blueprint, identity: identity, cores: coresPerRank, firstStep: state.step,
        directory: coordinator.directory.path,
        notices: plan.notices + [cacheProblem].compactMap(\.self), savedKernels: plan.checkpoint?.contents.state.kernels
      )
      console.start(announcement)
    }
  }

  /// The same run with a cache of decoded images, or why it has none. All ranks call it together.
  private static func keepingImages(
    _ blueprint: Blueprint, _ communicator: any Communicator
  ) throws(RunError) -> (blueprint: Blueprint, problem: String?) {
    let count = blueprint.dataset.cacheByteCount(limit: blueprint.configuration.data.cache.bytes)
    guard count > 0 else { return (blueprint, nil) }
    do {
      switch try MachineMemory.share(count: count, over: communicator) {
      case .success(let memory): return (blueprint.keepingImages(in: memory), nil)
      case .failure(let problem): return (blueprint, problem.message)
      }
    } catch {
      throw RunError(.failed, "rank \(communicator.rank): \(error)")
    }
  }

  /// What the coordinator prepares.
  private struct Start {
    let state: TrainingState
    let coordinator: Coordinator

    init(
      _ plan: RunPlan, _ blueprint: Blueprint, _ identity: RunIdentity, _ console: Console, isResumed: Bool
    ) throws(RunError) {
      state = try plan.state(for: blueprint)
      coordinator = try Coordinator(
        plan, blueprint: blueprint, identity: identity, console: console, isResumed: isResumed)
    }
  }

  /// The worker of this rank, at the state to begin with.
  func worker(_ communicator: any Communicator) throws(RunError) -> Worker {
    try Worker(blueprint: blueprint, communicator: communicator, lanes: lanes, state: state)
  }

  /// Each rank reads its own configuration, so that a difference between machines is found; only a resumed run, whose
  /// directory may lie on the coordinator's machine alone, takes the coordinator's.
  private static func blueprint(
    text: String, request: TrainRequest, isCoordinator: Bool
  ) throws(RunError) -> Blueprint {
    do {
      let isOwn = !isCoordinator && request.resume == nil
      let configuration =
        isOwn
        ? try Configurations.read(path: request.configuration, overrides: request.overrides)
        : try Configurations.parse(text, source: "the coordinator's configuration")
      try KernelSet.configure(configuration.kernels.isa)
      return try Blueprint(configuration)
    } catch {
      throw RunError.unusable(error)
    }
  }
}

extension RunPlan {
  /// Whether a run died between its last checkpoint, after step `last`, and its summary: there is none, or that of an
  /// earlier end. A run that has gone further is not to be cut back without a step to take.
  private func lacksItsEnd(after step: Int, of last: Int) -> Bool {
    let ended = (try? RunSummary.read(directory.summary))?.steps ?? 0
    return step == last && ended < last
  }

  /// The state to begin with; that of the last step if only the end of the run is missing.
  fileprivate func state(for blueprint: Blueprint) throws(RunError) -> TrainingState {
    let layout = blueprint.plan.layout
    guard let checkpoint else {
      return TrainingState(initial: layout, seed: blueprint.configuration.seed)
    }
    let step = checkpoint.contents.state.step
    guard step < blueprint.steps || lacksItsEnd(after: step, of: blueprint.steps) else {
      throw RunError(
        .unusable,
        "\(checkpoint.path) is at step \(step) and the run ends at step \(blueprint.steps): there is nothing left to do; "
          + "raise train.epochs or train.steps with --set to go on")
    }
    do {
      return try ModelTensors.state(
        model: checkpoint.contents.model, optimizer: checkpoint.contents.optimizer, step: step, layout: layout)
    } catch {
      throw RunError(.unusable, "\(checkpoint.path): \(error)")
    }
  }
}

extension Blueprint {
  /// The lanes of a rank.
  ///
  /// - Throws: `RunError` if ranks × lanes exceed the micro-batches.
  package func lanes(ranks: Int, cores: Int) throws(RunError) -> Int {
    let microBatches = configuration.train.microBatches
    let lanes: Int
    switch configuration.lanes {
    case .auto: lanes = max(1, min(cores, microBatches / ranks))
    case .fixed(let count): lanes = count
    }
    guard ranks * lanes <= microBatches else {
      throw RunError(
        .unusable,
        "\(ranks) ranks × \(lanes) lanes need \(ranks * lanes) micro-batches, but a global batch has \(microBatches) "
          + "(\(configuration.train.globalBatch) / \(configuration.train.microBatch)); use fewer ranks or lanes, a larger "
          + "train.global-batch or a smaller train.micro-batch")
    }
    return lanes
  }
}
