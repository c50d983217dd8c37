import ArgumentParser
import Configuration
import Diagnostics
import Network
import Planner
import Training

/// `cnn-dist plan`.
struct PlanCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "plan",
    abstract: "Print a training step from loading to gathering: instructions, memory, arithmetic and bytes.",
    discussion: """
      Names a zoo model (cnn-dist models), a model file or a configuration file; without a name it plans the built-in \
      configuration.

      The step is printed as it runs: load, forward, loss and backward for each micro-batch, and for each bucket of \
      the gradient, as soon as it is complete, reduce, update and gather. An instruction has its arithmetic for one \
      image and the bytes that it moves for the micro-batch.

      The last lines tell the memory of a rank at its peak and what it is made of, and recommend a micro-batch from \
      the shapes alone; cnn-dist bench sweep measures both.
      Examples:
        cnn-dist plan resnet20 --micro-batch 32 --lanes 2
        cnn-dist plan --schedule my.yaml --set train.epochs=90
        cnn-dist plan resnet50 --set 'train.groups=[{match: "*", freeze: true}, {match: "fc.*", freeze: false}]'
      """)

  @Argument(help: ArgumentHelp("A zoo model, a model file or a configuration file (.yaml).", valueName: "model|config"))
  var subject: String?

  @Option(help: "Samples of a micro-batch.")
  var microBatch: Int?

  @Option(help: "Micro-batches of a global batch.")
  var microBatches: Int?

  @Option(help: ArgumentHelp("Size of a bucket in KiB.", valueName: "KiB"))
  var bucket: Int?

  @Option(help: "What stays in memory for the backward pass: none computes nothing twice, blocks saves memory.")
  var recompute: RecomputeChoice?

  @Option(
    name: .customLong("set"),
    help: ArgumentHelp(
      "A key of the configuration and its value, such as train.optimizer=adamw.", valueName: "key=value"))
  var overrides: [String] = []

  @Option(help: "Lanes of the rank whose memory is told.")
  var lanes = 1

  @Flag(help: "Print the evaluation program instead of the training program.")
  var evaluation = false

  @Flag(
    help: ArgumentHelp(
      "Draw the learning rate of a configuration instead.",
      discussion: "An epoch is as long as the data, so these must be there. With --json a line for each step."))
  var schedule = false

  @OptionGroup var report: ReportOptions

  func validate() throws {
    let isSane = [microBatch, microBatches, bucket].allSatisfy { (1...65_536).contains($0 ?? 1) }
    guard isSane else {
      throw ValidationError("--micro-batch, --micro-batches and --bucket must be from 1 to 65536")
    }
    guard (1...256).contains(lanes) else { throw ValidationError("--lanes must be from 1 to 256") }
    let isPlain = [microBatch, microBatches, bucket].allSatisfy { $0 == nil } && recompute == nil && !evaluation
    guard !schedule || isPlain && lanes == 1 else {
      throw ValidationError("--schedule goes with a configuration, --set and --json only; it draws no step")
    }
  }

  func run() throws {
    if schedule { return try ScheduleReport.print(configuration: subject, overrides: overrides, asJSON: report.json) }
    let (network, configuration) = try PlanReport.subject(subject, overrides: overrides)
    var options = configuration.planOptions
    options.microBatch = microBatch ?? options.microBatch
    options.microBatches = microBatches ?? options.microBatches
    options.bucketElements = bucket.map { $0 * 256 } ?? options.bucketElements
    options.recompute = recompute ?? options.recompute
    try PlanReport.print(
      network, options: options, lanes: lanes, train: configuration.train, evaluation: evaluation,
      asJSON: report.json)
  }
}

extension RecomputeChoice: ExpressibleByArgument {}

/// `cnn-dist models`.
struct ModelsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "models",
    abstract: "List the built-in models, print the layer table of one, or explain what a model file can hold.",
    discussion: """
      --yaml prints a model as a file to start from: cnn-dist models resnet20 --yaml > my-model.yaml
      --layers lists all layers, structures, losses and initializers with their keys and defaults, and with a name \
      explains one of them: cnn-dist models --layers convolution
      """)

  @Argument(
    help: ArgumentHelp("A zoo model or a model file (.yaml); with --layers a word of model files.", valueName: "model"))
  var model: String?

  @Flag(help: "Explain the layers of model files.")
  var layers = false

  @Flag(help: "Print the model as a model file.")
  var yaml = false

  @Flag(help: "With --layers: print the whole reference as Markdown.")
  var markdown = false

  @OptionGroup var report: ReportOptions

  func validate() throws {
    if markdown, !layers { throw ValidationError("--markdown needs --layers") }
  }

  func run() throws {
    if markdown { return print(LayerReport.markdown, terminator: "") }
    if layers { return try LayerReport.print(model, asJSON: report.json) }
    guard let model else { return ModelReport.printList(asJSON: report.json) }
    let network = try ModelLoader.network(named: model)
    if yaml { return print(network.fileText, terminator: "") }
    try ModelReport.print(network, asJSON: report.json)
  }
}
