import Checkpoints
import Configuration
import Datasets
import Hashing
import Interchange
import Kernels
import Network
import Optimizers
import Planner
import StrictYAML
import Training

/// What a run directory tells of its run, beside the ledger: what it is made of, and the plan of its steps, for which
/// no data is needed.
struct RunRecords {
  /// The directory.
  let directory: RunDirectory
  /// What the run is made of, as it was when it was last started.
  let identity: RunIdentity
  /// The network, fitted to the data.
  let network: NetworkDescription
  /// The programs of a step and their layout.
  let plan: StepPlan
  /// What becomes of a step's gradient.
  let updates: UpdatePlan

  /// Reads the records of the run in the directory `path`.
  ///
  /// - Throws: `RunError` with code `unusable` if it holds no run or its records cannot be understood.
  init(_ path: String) throws(RunError) {
    directory = RunDirectory(path)
    for file in [directory.identity, directory.ledger] where Disk.kind(of: file) == .missing {
      throw RunError(
        .unusable, "\(path) holds no run: \(file) is missing; name the directory that --run-dir named or 'train' made")
    }
    do {
      identity = try RunIdentity.read(directory.identity)
      network = try identity.network
      plan = try identity.plan(of: network)
      updates = identity.configuration.train.updates(plan.layout)
    } catch {
      throw RunError.unusable(error)
    }
    guard (1..<1 << 32).contains(identity.data.train.count) else {
      throw RunError(.unusable, "\(directory.identity) tells of \(identity.data.train.count) training samples")
    }
  }

  /// The checkpoints of the run by ascending step.
  var checkpoints: [CheckpointEntry] { CheckpointStore(directory: directory.checkpoints).list() }

  /// The number of steps of the whole run.
  var wantedSteps: Int { identity.configuration.train.stepCount(samples: identity.data.train.count) }

  /// The state that a checkpoint holds.
  func state(of contents: CheckpointContents, at path: String) throws(RunError) -> TrainingState {
    do {
      return try contents.trainingState(updates, plan.layout)
    } catch {
      throw RunError(.unusable, "\(path): \(error)")
    }
  }

  /// The tensors of a state as a checkpoint would hold them.
  func tensors(of state: TrainingState) -> (model: [NamedTensor], optimizer: [NamedTensor]) {
    (
      ModelTensors.model(state, layout: plan.layout),
      ModelTensors.optimizer(state, updates: updates, layout: plan.layout)
    )
  }

  /// The digest of a state's weights as the ledger writes it.
  func weightsDigest(of state: TrainingState) -> String {
    let weights = Array(state.parameters.prefix(plan.layout.parameterEnd))
    return LedgerEntry.text(Digest.block(weights.span, seed: 0))
  }

  /// The run as this process would go on with it, which needs the data.
  ///
  /// - Parameters:
  ///   - overrides: says where the data lies now.
  ///   - identity: what the run is made of; by default as it was when it was last started.
  /// - Throws: `RunError` with code `unusable` if the data is not there, or the overrides change more than places.
  func blueprint(_ overrides: [String], of identity: RunIdentity? = nil) throws(RunError) -> Blueprint {
    let identity = identity ?? self.identity
    do {
      let configuration = try Configurations.parse(
        identity.configuration.text, source: directory.identity, overrides: overrides + ["lanes=1"])
      if let change = identity.configuration.differences(to: configuration).first(where: { $0.path != "lanes" }) {
        throw RunError(
          .unusable,
          "--set \(change.path): would make another run of it; only say where the data lies now, as in "
            + "--set data.path=DIR")
      }
      try KernelSet.configure(configuration.kernels.isa)
      return try Blueprint(configuration)
    } catch {
      throw RunError.unusable(error)
    }
  }
}

extension RunIdentity {
  /// The network, fitted to the data.
  fileprivate var network: NetworkDescription {
    get throws(RunError) {
      guard case .inline(let model) = configuration.model else {
        throw RunError(.unusable, "the run's identity.json lacks the model itself; the run is one of an older cnn-dist")
      }
      return model.network
    }
  }

  /// The plan of a step.
  fileprivate func plan(of network: NetworkDescription) throws -> StepPlan {
    let groups = ParameterGroups(configuration.train.groups)
    return try Planner.plan(network, options: groups.freezing(configuration.planOptions, of: network))
  }

  /// Whether a run that was made of this and is now made of `other` computes by the same rules; builds may differ.
  func computes(as other: RunIdentity) -> Bool {
    var same = other
    (same.program, same.build) = (program, build)
    guard let changes = try? ContinuationRules.notices(.resume, from: self, to: same, checkpoint: "") else {
      return false
    }
    return changes.isEmpty
  }
}

extension CheckpointContents {
  /// The state that the tensors describe.
  func trainingState(_ updates: UpdatePlan, _ layout: FlatLayout) throws(CheckpointError) -> TrainingState {
    var state = try ModelTensors.state(
      model: model, optimizer: optimizer, step: self.state.step, saved: self.state.savedUpdates, updates: updates,
      layout: layout)
    state.schedule = self.state.schedule ?? state.schedule
    return state
  }
}
