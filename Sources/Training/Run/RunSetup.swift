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
    let plan = try agreement.onCoordinator { () throws(RunError) in try RunPlan(request) }
    let offer = try agreement.share(plan?.offer)
    let blueprint = try agreement.everywhere { () throws(RunError) in
      try offer.blueprint { () throws(YAMLError) in
        try Configurations.read(path: request.configuration, overrides: request.overrides)
      }
    }
    let identity = try agreement.everywhere { () throws(RunError) in try RunIdentity(blueprint, report: console.note) }
    try agreement.same(identity)
    let completion = try agreement.onCoordinator { () throws(RunError) in try plan?.completion(of: blueprint) }
    guard try agreement.share(completion.flatMap(\.self)?.sentence).isEmpty else {
      if let completion = completion.flatMap(\.self) {
        console.line(completion.sentence)
        console.end(completion.end)
      }
      return nil
    }
    return try RunSetup(
      plan, blueprint, identity, communicator: communicator, coresPerRank: coresPerRank, console: console)
  }

  private init(
    _ plan: RunPlan?, _ opened: Blueprint, _ identity: RunIdentity, communicator: any Communicator,
    coresPerRank: CoreBudget, console: Console
  ) throws(RunError) {
    let agreement = Agreement(communicator)
    (blueprint, cacheProblem) = try RunSetup.keepingImages(opened, communicator)
    let lanes = try agreement.everywhere { () throws(RunError) in
      try opened.lanes(ranks: communicator.size, cores: coresPerRank.own)
    }
    let memoryNotes = try MemoryCheck.settle(blueprint, lanes: lanes, communicator)
    self.lanes = lanes
    let workplace = Workplace(workers: communicator.size, lanes: lanes)
    let run = blueprint
    let start = try agreement.onCoordinator { () throws(RunError) -> Start? in
      guard let plan else { return nil }
      return try Start(plan, run, identity, workplace, console)
    }
    state = try agreement.share(start??.state, layout: blueprint.plan.layout)
    coordinator = start??.coordinator
    directory = RunDirectory(try agreement.share(coordinator?.directory.path))
    if let start = start ?? nil {
      let announcement = Announcement(
        blueprint: blueprint, identity: identity, workplace: workplace, cores: coresPerRank, firstStep: state.step,
        directory: directory.path,
        notices: start.notices + [cacheProblem].compactMap(\.self) + memoryNotes
          + StartWarnings.sentences(for: blueprint))
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
    let notices: [String]

    init(
      _ plan: RunPlan, _ blueprint: Blueprint, _ identity: RunIdentity, _ workplace: Workplace, _ console: Console
    ) throws(RunError) {
      notices = try plan.notices + plan.changes(to: blueprint, identity)
      state = try plan.state(for: blueprint)
      coordinator = try Coordinator(
        plan, blueprint: blueprint, identity: identity, workplace: workplace, console: console)
    }
  }

  /// The worker of this rank, at the state to begin with.
  func worker(_ communicator: any Communicator) throws(RunError) -> Worker {
    try Worker(blueprint: blueprint, communicator: communicator, lanes: lanes, state: state)
  }
}

/// Where a run computes, for information only: nothing of it reaches the bits.
struct Workplace: Hashable, Sendable {
  /// The number of ranks.
  let workers: Int
  /// Compute threads of rank 0.
  let lanes: Int
}

extension RunPlan {
  /// What the ranks are told.
  fileprivate var offer: RunOffer {
    RunOffer(
      configuration: isResumed ? configuration.text : nil,
      trained: checkpoint.map { TrainedData(checkpoint: $0.path, data: $0.contents.state.identity.data) })
  }

  /// Sentences about what differs between the checkpoint and what goes on.
  ///
  /// - Throws: `RunError` for a difference that the checkpoint does not survive.
  fileprivate func changes(to blueprint: Blueprint, _ identity: RunIdentity) throws(RunError) -> [String] {
    guard let checkpoint else { return [] }
    let saved = checkpoint.contents.state
    let changes = try ContinuationRules.notices(
      .resume, from: saved.identity, to: identity, checkpoint: checkpoint.path)
    let notices = [ScheduleJump(from: saved, to: blueprint)?.notice, saved.savedUpdates.notice(for: blueprint.updates)]
    return changes + notices.compactMap(\.self)
  }

  /// What to say if the run is complete and its summary is written; nil if there is something left to do.
  ///
  /// - Throws: `RunError` if the run has gone further than it is asked to.
  fileprivate func completion(of blueprint: Blueprint) throws(RunError) -> Completion? {
    guard case .existing(let directory, _) = place, let checkpoint else { return nil }
    let state = checkpoint.contents.state
    if state.step < blueprint.steps { return nil }
    // A run that died between its last checkpoint and its summary has none, or that of an earlier end.
    let summary = try? RunSummary.read(directory.summary)
    if state.step == blueprint.steps, (summary?.steps ?? 0) < blueprint.steps { return nil }
    guard let summary, state.step == blueprint.steps, summary.steps == state.step else {
      throw RunError(
        .unusable,
        "\(directory.path) has gone further than asked: \(checkpoint.path) is at step \(state.step), the run has taken "
          + "\(max(state.step, summary?.steps ?? 0)) steps, and it would end at step \(blueprint.steps); raise "
          + "train.epochs or train.steps with --set to go on")
    }
    let score = summary.testAccuracy.map { ", test accuracy \(Display.percent($0, 2))" } ?? ""
    return Completion(
      sentence: "\(directory.path) is already complete: \(state.step) of \(blueprint.steps) steps\(score)",
      end: EndEvent(
        checkpoint: checkpoint.path, weightsSHA256: state.weightsSHA256, step: state.step, steps: blueprint.steps,
        directory: directory.path, wallSeconds: summary.wallSeconds))
  }

  /// A run that is complete.
  fileprivate struct Completion {
    /// For a person.
    let sentence: String
    /// What a run says at its end, again.
    let end: EndEvent
  }

  /// The state to begin with.
  fileprivate func state(for blueprint: Blueprint) throws(RunError) -> TrainingState {
    let layout = blueprint.plan.layout
    guard let checkpoint else {
      return TrainingState(initial: layout, seed: blueprint.configuration.seed, updates: blueprint.updates)
    }
    do {
      var state = try ModelTensors.state(
        model: checkpoint.contents.model, optimizer: checkpoint.contents.optimizer,
        step: checkpoint.contents.state.step, saved: checkpoint.contents.state.savedUpdates,
        updates: blueprint.updates, layout: layout)
      let saved = checkpoint.contents.state
      // Under other settings the factor stays, and what was counted is counted anew.
      let isSame = saved.identity.configuration.train.schedule == blueprint.configuration.train.schedule
      if let schedule = saved.schedule { state.schedule = isSame ? schedule : schedule.restarted }
      return state
    } catch {
      throw RunError(.unusable, "\(checkpoint.path): \(error)")
    }
  }
}
