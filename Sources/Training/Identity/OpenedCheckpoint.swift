package import Checkpoints
package import Configuration
import Datasets
import Planner

/// A checkpoint that is used without its run: its own model and configuration, and what differs here today.
package struct OpenedCheckpoint {
  /// Where it lies.
  package let path: String
  /// What it holds.
  package let contents: CheckpointContents
  /// Its configuration with overrides.
  package let configuration: RunConfiguration

  /// Loads and checks a checkpoint.
  package init(_ path: String, overrides: [String]) throws(RunError) {
    do {
      self.path = path
      contents = try CheckpointStore.load(path)
      configuration = try Configurations.parse(
        contents.state.identity.configuration.text, source: "\(path)/state.json", overrides: overrides)
    } catch {
      throw RunError.unusable(error)
    }
  }

  /// What all ranks are told of it.
  var offer: RunOffer {
    RunOffer(
      configuration: configuration.text, trained: TrainedData(checkpoint: path, data: contents.state.identity.data))
  }

  /// Its run on this process alone.
  package func blueprint() throws(RunError) -> Blueprint { try offer.blueprint(configuration) }

  /// The tensors in the layout of the blueprint, after a word to the user about what has changed since the run.
  ///
  /// - Throws: `RunError` for a change that the checkpoint does not survive.
  package func state(
    for blueprint: Blueprint, _ identity: RunIdentity, _ purpose: ContinuationRules.Purpose, choosesData: Bool = false
  ) throws(RunError) -> TrainingState {
    let changes = try ContinuationRules.notices(
      purpose, from: contents.state.identity, to: identity, checkpoint: path, choosesData: choosesData)
    let notices = [ModelOrigin.notice(contents.state.identity.configuration.model)].compactMap(\.self) + changes
    for notice in notices + blueprint.dataset.notes { Console.note(notice) }
    do {
      var state = try ModelTensors.state(
        model: contents.model, optimizer: contents.optimizer, step: contents.state.step,
        saved: contents.state.savedUpdates, updates: blueprint.updates, layout: blueprint.plan.layout)
      state.schedule = contents.state.schedule ?? state.schedule
      return state
    } catch {
      throw RunError(.unusable, "\(path): \(error)")
    }
  }
}
