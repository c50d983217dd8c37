import ArgumentParser
import Network
import Planner
import Training

/// `cnn-dist plan`.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Print a training step: its instructions, memory, arithmetic and buckets.",
    discussion: "Names a zoo model (cnn-dist models), a model file, or nothing for the built-in configuration.")

  @Argument(help: ArgumentHelp("A zoo model or a model file (.yaml).", valueName: "model"))
  var model = "lenet5"

  @Option(help: "Samples of a micro-batch.")
  var microBatch = 16

  @Option(help: "Micro-batches of a global batch.")
  var microBatches = 4

  @Option(help: ArgumentHelp("Size of a bucket in KiB.", valueName: "KiB"))
  var bucket = 1024

  @Flag(help: "Print the evaluation program instead of the training program.")
  var evaluation = false

  @OptionGroup var report: ReportOptions

  func validate() throws {
    guard (1...65_536).contains(microBatch), (1...65_536).contains(microBatches), (1...1_048_576).contains(bucket)
    else {
      throw ValidationError("--micro-batch, --micro-batches and --bucket must be at least 1 and not absurdly large")
    }
  }

  func run() throws {
    let network = try ModelLoader.network(named: model)
    try PlanReport.print(
      network, microBatch: microBatch, microBatches: microBatches, bucketElements: bucket * 256,
      evaluation: evaluation, asJSON: report.json)
  }
}

/// `cnn-dist models`.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "List the built-in models, or print the layer table of one.",
    discussion: "--yaml prints a model as a file to start from: cnn-dist models resnet20 --yaml > my-model.yaml")

  @Argument(help: ArgumentHelp("A zoo model or a model file (.yaml).", valueName: "model"))
  var model: String?

  @Flag(help: "Print the model as a model file.")
  var yaml = false

  @OptionGroup var report: ReportOptions

  func run() throws {
    guard let model else { return ModelReport.printList(asJSON: report.json) }
    let network = try ModelLoader.network(named: model)
    if yaml { return print(network.fileText, terminator: "") }
    try ModelReport.print(network, asJSON: report.json)
  }
}
