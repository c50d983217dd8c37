import ArgumentParser
import Configuration
import Diagnostics
import Planner
import Training

/// `cnn-dist bench`.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure speed.",
    discussion: """
      All of it runs on random images and needs no data. A core that is shared is no measure: pin the process, as in \
      taskset -c 0 cnn-dist bench step, and trust ratios of one run. docs/speed.md says how to read the tables.
      """,
    subcommands: [Step.self, Operators.self, Sweep.self])

  /// `cnn-dist bench step`.
  struct Step: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Time whole training steps of models, by kind of instruction or by layer.",
      discussion: """
        The worker of training on random images: loss, digests of gradients and update included, data loading not. \
        With --lanes N a step has N micro-batches, one for each of N threads as in a rank with N lanes; then their \
        gradients are added and there is one update.

        GFLOP/s count a convolution as a direct sum, so Winograd's algorithm, which takes fewer products, can be above \
        100 % of the peak. The peak is what one core reaches in the same process in a loop of fused multiply-adds in \
        registers. GB/s count what an instruction has to read and write at least.

        What to expect of training: N lanes on N cores keep step with each other as N ranks do. With that rate and the \
        rate of the forward pass alone, an epoch takes its images divided by the first and the images of the \
        evaluation by the second.

        Examples:
          taskset -c 0 cnn-dist bench step resnet20 --micro-batch 16
          taskset -c 0 cnn-dist bench step vgg19 --micro-batch 4 --layers
          taskset -c 0,1 cnn-dist bench step resnet18-cifar --micro-batch 32 --lanes 2
          cnn-dist bench step resnet50 --micro-batch 8 \
            --set 'train.groups=[{match: "*", freeze: true}, {match: "fc.*", freeze: false}]'
        """)

    @Argument(help: ArgumentHelp("Zoo models or model files.", valueName: "model"))
    var models: [String] = ["lenet5", "resnet20"]

    @Option(help: "Samples of a micro-batch.")
    var microBatch = 64

    @Option(help: "Seconds to measure each model for.")
    var seconds = 3.0

    @Option(help: "What is computed twice: none, or blocks to save memory.")
    var recompute = RecomputeChoice.none

    @Option(help: "Threads, each with a micro-batch of its own.")
    var lanes = 1

    @Option(
      name: .customLong("set"), parsing: .singleValue,
      help: ArgumentHelp("A key of train, as train.groups=[…] or train.optimizer={adamw: {}}.", valueName: "key=value"))
    var overrides: [String] = []

    @Flag(help: "Print a table by layer instead of by kind of instruction; --json has both.")
    var layers = false

    @OptionGroup var report: ReportOptions

    private static let keys = ["optimizer", "clip", "groups", "ema", "lookahead"]

    func validate() throws {
      try BenchLimits.check(microBatches: [microBatch], seconds: seconds)
      guard (1...256).contains(lanes) else { throw ValidationError("--lanes must be from 1 to 256") }
      guard overrides.allSatisfy({ text in Self.keys.contains { text.hasPrefix("train.\($0)") } }) else {
        let keys = Self.keys.map { "train.\($0)" }.joined(separator: ", ")
        throw ValidationError("--set takes only \(keys) here; the other options say what is measured")
      }
    }

    func run() throws {
      var benchmark = StepBenchmark(microBatch: microBatch)
      benchmark.lanes = lanes
      benchmark.train = try Configurations.read(path: nil, overrides: overrides).train
      benchmark.train.recompute = recompute
      benchmark.seconds = seconds
      benchmark.showsLayers = layers
      benchmark.isJSON = report.json
      try benchmark.run(models.map { try ModelLoader.network(named: $0) })
    }
  }
}

extension BenchCommand {
  /// `cnn-dist bench ops`.
  struct Operators: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "ops",
      abstract: "Time every convolution of some models alone, by each algorithm that can compute it.",
      discussion: """
        Each shape once, and of it the passes that training needs: the first layer's images get no gradient. The \
        planner's choice, which depends on the shape alone, comes first and is marked with *; the others show what it \
        has decided between. Times are of one core with the operands as warm as repetition makes them.

        --errors adds the norm-wise relative error of each algorithm against sums in double precision, on images and \
        gradients of a normal distribution and weights as He et al. draw them. Where the shape is large this takes \
        fewer samples than the micro-batch; the table says how many.

        Examples:
          taskset -c 0 cnn-dist bench ops resnet20 --errors
          taskset -c 0 cnn-dist bench ops --json --errors > ours.jsonl     for Benchmarks/convolutions.py
        """)

    @Argument(
      help: ArgumentHelp(
        "Zoo models or model files; without one the seven that docs/speed.md compares.", valueName: "model"))
    var models: [String] = ConvolutionBenchmark.usualMicroBatches.map(\.name)

    @Option(help: "Samples of a micro-batch; without it those of docs/speed.md, and 32 for other models.")
    var microBatch: Int?

    @Option(help: "Seconds to measure each algorithm of each pass for.")
    var seconds = 0.2

    @Flag(help: "Measure errors against sums in double precision, too.")
    var errors = false

    @OptionGroup var report: ReportOptions

    func validate() throws { try BenchLimits.check(microBatches: [microBatch ?? 1], seconds: seconds) }

    func run() throws {
      var benchmark = ConvolutionBenchmark()
      benchmark.seconds = seconds
      benchmark.measuresErrors = errors
      benchmark.isJSON = report.json
      try benchmark.run(models.map { try ModelLoader.network(named: $0) }, microBatch: microBatch)
    }
  }
}

/// What the options of benchmarks may be.
enum BenchLimits {
  /// Checks sizes of micro-batches and a time.
  static func check(microBatches: [Int], seconds: Double) throws {
    guard microBatches.allSatisfy({ (1...4096).contains($0) }) else {
      throw ValidationError("a micro-batch must be from 1 to 4096")
    }
    guard seconds > 0, seconds <= 3600 else {
      throw ValidationError("--seconds must be above 0 and at most 3600")
    }
  }
}
