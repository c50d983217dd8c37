import ArgumentParser
import Planner
import Training

/// `cnn-dist bench`.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench", abstract: "Measure speed.", subcommands: [Step.self])

  /// `cnn-dist bench step`.
  struct Step: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Time whole training steps of models on one core, by kind of instruction.",
      discussion: """
        Random images, loss and update included, data loading not. For a fair figure pin the process.
        Example: taskset -c 0 cnn-dist bench step resnet20 --micro-batch 16
        """)

    @Argument(help: ArgumentHelp("Zoo models or model files.", valueName: "model"))
    var models: [String] = ["lenet5", "resnet20"]

    @Option(help: "Samples of the micro-batch.")
    var microBatch = 64

    @Option(help: "Seconds to measure each model for.")
    var seconds = 3.0

    @Option(help: "What is computed twice: none, or blocks to save memory.")
    var recompute = RecomputeChoice.none

    @OptionGroup var report: ReportOptions

    func validate() throws {
      guard (1...4096).contains(microBatch), seconds > 0, seconds <= 3600 else {
        throw ValidationError("--micro-batch must be from 1 to 4096 and --seconds above 0")
      }
    }

    func run() throws {
      for model in models {
        try StepBenchmark.run(
          ModelLoader.network(named: model), microBatch: microBatch, seconds: seconds, recompute: recompute,
          asJSON: report.json)
      }
    }
  }
}
