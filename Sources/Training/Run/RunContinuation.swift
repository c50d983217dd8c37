import Checkpoints
import Configuration
import Datasets
import Interchange
import Optimizers
import Planner

extension RunStart {
  /// What the ranks are told.
  var offer: RunOffer {
    RunOffer(
      configuration: isResumed ? configuration.text : nil,
      trained: checkpoint.map { TrainedData(checkpoint: $0.path, data: $0.contents.state.identity.data) })
  }

  /// Sentences about what differs between the checkpoint and what goes on.
  ///
  /// - Throws: `RunError` for a difference that the checkpoint does not survive.
  func changes(to blueprint: Blueprint, _ identity: RunIdentity) throws(RunError) -> [String] {
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
  func completion(of blueprint: Blueprint) throws(RunError) -> Completion? {
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
  struct Completion {
    /// For a person.
    let sentence: String
    /// What a run says at its end, again.
    let end: EndEvent
  }

  /// The state to begin with.
  func state(for blueprint: Blueprint) throws(RunError) -> TrainingState {
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
