import Checkpoints
import Configuration
import Datasets
import Kernels
import Network
import Operators
import Planner
import StrictYAML

/// What a run says before its first step: first what a newcomer wants to know (what is trained, on what, how far, what
/// would be bad), then what experts look for.
struct Announcement {
  /// The run.
  let blueprint: Blueprint
  /// What it is made of.
  let identity: RunIdentity
  /// Where it computes.
  let workplace: Workplace
  /// The cores of the ranks.
  let cores: CoreBudget
  /// The step to begin with.
  let firstStep: Int
  /// The run directory.
  let directory: String
  /// Sentences about what changed since a checkpoint, and the like.
  let notices: [String]

  /// The lines, in order: ASCII, and where names are not long, within 80 columns.
  var lines: [String] {
    [subject, aim, length, stopping, machine, "kernels: \(identity.kernels)", "run directory: \(directory)"]
  }

  private var train: TrainConfiguration { blueprint.configuration.train }
  private var classes: Int { blueprint.dataset.train.classNames.count }
  private var parameters: String {
    let layout = blueprint.plan.layout
    let all = "\(Display.count(layout.parameterCount)) parameters"
    return layout.trainedCount == layout.parameterCount ? all : "\(all), \(Display.count(layout.trainedCount)) trained"
  }

  private var subject: String {
    "\(blueprint.network.name) (\(parameters)) on \(blueprint.dataset.name) "
      + "(\(Display.count(blueprint.dataset.train.count)) training, \(Display.count(blueprint.dataset.test.count)) "
      + "test images)"
  }

  /// What there is to learn, and what an untrained network would score.
  private var aim: String {
    let shape = blueprint.dataset.train.shape
    let guess = chance.map { "; guessing would score \(Display.percent($0)) test accuracy" } ?? ""
    return
      "\(Self.counted(classes, "class", "classes")) of \(shape.channels)x\(shape.height)x\(shape.width) images\(guess)"
  }

  private var length: String {
    let epochs = Display.trimmed(blueprint.epochs(after: blueprint.steps), 2)
    let steps = firstStep == 0 ? "\(blueprint.steps) steps" : "steps \(firstStep) to \(blueprint.steps)"
    return "\(steps) of \(Self.counted(train.globalBatch, "image", "images")), \(epochs) epochs; learning rate "
      + "up to \(Display.trimmed(peakRate, 6)) (\(train.schedule.alternative(.brief).name))"
  }

  /// The largest learning rate of the steps to come; of a long run, of ten thousand of them.
  private var peakRate: Double {
    stride(from: firstStep, to: max(firstStep + 1, blueprint.steps), by: max(1, blueprint.steps / 10_000))
      .map { blueprint.rate(step: $0) }.max() ?? 0
  }

  /// What to compare scores with: an untrained network guesses. Losses that compare images have no guess.
  private var chance: Double? {
    classes > 1 && train.loss.picksChannelByLabel ? 1 / Double(classes) : nil
  }

  private var stopping: String {
    "\(Starter.stopping(ranks: workplace.workers)); --run-dir \(directory) --resume continues"
  }

  private var machine: String {
    "\(Self.counted(workplace.workers, "rank", "ranks")) x \(Self.counted(workplace.lanes, "lane", "lanes")), global "
      + "batch \(train.globalBatch) = \(train.microBatches) x \(train.microBatch)"
  }

  private static func counted(_ count: Int, _ one: String, _ many: String) -> String {
    "\(Display.count(count)) \(count == 1 ? one : many)"
  }

  /// What the user should know beside it, a sentence each.
  var notes: [String] {
    var notes = [KernelSet.costlyPin, shortage].compactMap(\.self) + notices
    notes += blueprint.dataset.notes
    if firstStep == blueprint.steps {
      notes.append("all steps were taken before the run died; what is left is its evaluation and its summary")
    }
    return notes
  }

  /// With lanes: auto there are never more lanes than cores.
  private var shortage: String? {
    guard case .fixed(let lanes) = blueprint.configuration.lanes else { return nil }
    return cores.shortage(lanes: lanes)
  }

  /// The same for a program.
  var record: [String: ReportValue] {
    let schedule = train.schedule.alternative(.brief).name
    return [
      "event": "start", "program": .text(ProgramVersion.text), "model": .text(blueprint.network.name),
      "parameters": .integer(blueprint.plan.layout.parameterCount), "dataset": .text(blueprint.dataset.name),
      "train-samples": .integer(blueprint.dataset.train.count), "test-samples": .integer(blueprint.dataset.test.count),
      "classes": .integer(classes), "chance": chance.map { .number($0) } ?? .nothing,
      "epochs": .number(blueprint.epochs(after: blueprint.steps)), "steps": .integer(blueprint.steps),
      "first-step": .integer(firstStep), "global-batch": .integer(train.globalBatch),
      "micro-batch": .integer(train.microBatch), "schedule": .text(schedule), "peak-rate": .number(peakRate),
      "ranks": .integer(workplace.workers), "lanes": .integer(workplace.lanes), "kernels": .text(identity.kernels),
      "run-directory": .text(directory),
    ]
  }
}
