import Datasets
import Kernels
import Network
import Planner

/// What a run says before its first step: what is trained, on what, how far, and what the user should know.
struct Announcement {
  /// The run.
  let blueprint: Blueprint
  /// What it is made of.
  let identity: RunIdentity
  /// Where it computes.
  let workplace: Workplace
  /// The step to begin with.
  let firstStep: Int
  /// The run directory.
  let directory: String
  /// Sentences about what changed since a checkpoint, and the like.
  let notices: [String]

  /// The lines, in order.
  var lines: [String] {
    subject + notes.map { "note: \($0)" } + ["run directory: \(directory)"]
  }

  private var subject: [String] {
    let train = blueprint.configuration.train
    return [
      "\(blueprint.network.name) (\(Display.count(blueprint.plan.layout.parameterCount)) parameters) on "
        + "\(blueprint.dataset.name) (\(Display.count(blueprint.dataset.train.count)) training, "
        + "\(Display.count(blueprint.dataset.test.count)) test images)",
      "\(workplace.workers) ranks × \(workplace.lanes) lanes, global batch \(train.globalBatch) = \(train.microBatches) × "
        + "\(train.microBatch), steps \(firstStep) to \(blueprint.steps)",
      "kernels: \(identity.kernels)",
    ]
  }

  private var notes: [String] {
    var notes = [KernelSet.costlyPin].compactMap(\.self) + notices
    notes += blueprint.dataset.notes
    if firstStep == blueprint.steps {
      notes.append("all steps were taken before the run died; what is left is its evaluation and its summary")
    }
    return notes
  }
}
