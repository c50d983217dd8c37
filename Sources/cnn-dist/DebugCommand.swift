import ArgumentParser
import Configuration
import Diagnostics
import Operators
import Training

/// `cnn-dist debug`.
struct DebugCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "debug", abstract: "Check gradients, compare with other frameworks, replay steps, compare runs.",
    subcommands: [Gradcheck.self, Operators.self, Step.self, Replay.self, Diff.self])

  /// `cnn-dist debug gradcheck`.
  struct Gradcheck: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compare the gradient of a model with finite differences in double precision.",
      discussion: """
        For each parameter: a random direction and single entries, by central differences of the loss; then the \
        single-precision gradient of the training program beside it.
        Example: cnn-dist debug gradcheck my-model.yaml
        """)

    @Argument(help: ArgumentHelp("A zoo model or a model file (.yaml).", valueName: "model"))
    var model = "lenet5"

    @Option(help: "Samples of the batch.")
    var batch = 2

    @Option(help: "Key of the random weights and images.")
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("The loss as in train.loss.", valueName: "yaml"))
    var loss = "cross-entropy"

    @OptionGroup var report: ReportOptions

    func validate() throws {
      guard (1...64).contains(batch) else { throw ValidationError("--batch must be from 1 to 64") }
    }

    func run() throws {
      try GradientCheckReport.run(
        ModelLoader.network(named: model), loss: lossOption(loss), batch: batch, seed: seed, asJSON: report.json)
    }
  }

  /// `cnn-dist debug operators`.
  struct Operators: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Compare every operator and loss, forward and backward, with three references.",
      discussion: """
        For each operator alone, on random geometries (odd sizes, one pixel, kernels larger than the input, strides \
        larger than the kernel, groups, one sample): the engine with a naive interpreter in double precision, that \
        interpreter with finite differences, and the engine with what PyTorch computed in float64 (--fixtures). Prints \
        the worst relative errors; exit code 1 if one is too large.
        Example: cnn-dist debug operators --fixtures Tests/Fixtures
        """)

    @Argument(help: ArgumentHelp("Layers, merges and losses; all if none is given.", valueName: "operator"))
    var operators: [String] = []

    @Option(help: "Random geometries of each operator.")
    var geometries = 12

    @Option(help: ArgumentHelp("The directory with PyTorch's results.", valueName: "dir"))
    var fixtures: String?

    @OptionGroup var report: ReportOptions

    func validate() throws {
      guard (1...10_000).contains(geometries) else { throw ValidationError("--geometries must be from 1 to 10000") }
    }

    func run() throws {
      try OperatorReport.run(words: operators, geometries: geometries, fixtures: fixtures, asJSON: report.json)
    }
  }

  /// `cnn-dist debug step`.
  struct Step: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Run one forward and backward pass on a given batch and write every result.",
      discussion: """
        The batch is a safetensors file with `images` [N, channels, height, width] float32 and `labels` [N] int64 (for \
        an output that is an image [N, height, width]); a loss with targets: values reads `targets`, that of a head \
        `targets.<head>`, float32 of the shape of the output. The weights are a safetensors file with PyTorch's names.
        The output holds `logits`, `loss`, `grad.<name>`, `head.<path>`, the masks of dropout as `mask.<layer>`, and \
        `running_mean` and `running_var` after the step.
        Example: cnn-dist debug step resnet20 --batch batch.safetensors --weights weights.safetensors
        """)

    @Argument(help: ArgumentHelp("A zoo model or a model file (.yaml).", valueName: "model"))
    var model = "lenet5"

    @Option(help: ArgumentHelp("The batch.", valueName: "file"))
    var batch: String

    @Option(help: ArgumentHelp("The weights; the initial weights of the seed if not given.", valueName: "file"))
    var weights: String?

    @Option(help: ArgumentHelp("Where the results go.", valueName: "file"))
    var output = "step.safetensors"

    @Option(help: "Key of initial weights and dropout.")
    var seed: UInt64 = 1

    @Option(
      help: ArgumentHelp(
        "The loss as in train.loss, such as '{smooth-l1: {beta: 0.5}}'.", valueName: "yaml"))
    var loss = "cross-entropy"

    @Flag(help: "Write the gradient with respect to the images too, as `grad.images`.")
    var imageGradient = false

    func run() throws {
      var step = DebugStep(try ModelLoader.network(named: model))
      step.loss = try lossOption(loss)
      step.seed = seed
      step.imageGradient = imageGradient
      try step.run(batch: batch, weights: weights, output: output)
    }
  }

  /// `cnn-dist debug replay`.
  struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Recompute a rank's or a micro-batch's part of a step, on one core, and compare it with the ledger.",
      discussion: """
        Continues from the checkpoint up to the step, then computes the part alone. Exit code 1 if a digest differs, 6 \
        if a number is not finite: the first layer and tensor with one is named.
        Example: cnn-dist debug replay --checkpoint runs/x/checkpoints/step-0000300 --step 317 --rank 2 --workers 4
        """)

    @Option(help: ArgumentHelp("A checkpoint at or before the step.", valueName: "dir"))
    var checkpoint: String

    @Option(help: "The step, from 0.")
    var step: Int

    @Option(help: "The rank whose part is computed; needs --workers.")
    var rank: Int?

    @Option(help: "The number of ranks of the run.")
    var workers: Int?

    @Option(help: "The micro-batch that is computed.")
    var microBatch: Int?

    @Option(
      help: ArgumentHelp(
        "The run's ledger.jsonl; without it the one in the run directory that the checkpoint lies in.",
        valueName: "file"))
    var ledger: String?

    @OptionGroup var report: ReportOptions

    func validate() throws {
      guard (microBatch == nil) == (rank != nil && workers != nil) else {
        throw ValidationError("give either --rank R --workers P, or --micro-batch K")
      }
    }

    func run() throws {
      let part: Diagnostics.Replay.Part
      if let microBatch {
        part = .microBatch(microBatch)
      } else {
        part = .rank(rank ?? 0, workers: workers ?? 1)
      }
      try Diagnostics.Replay.run(checkpoint: checkpoint, step: step, part: part, ledger: ledger, asJSON: report.json)
    }
  }
}

/// The loss that a `--loss` option describes.
private func lossOption(_ text: String) throws(RunError) -> Loss {
  try RunError.asUnusable { try Configurations.loss(text, source: "--loss") }
}
