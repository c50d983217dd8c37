import ArgumentParser
import Diagnostics
import Training

extension BenchCommand {
  /// `cnn-dist bench sweep`.
  struct Sweep: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Measure images/s and memory of a model by micro-batch and image size, to choose a micro-batch.",
      discussion: """
        Whole training steps on one core, as bench step, of one micro-batch each, update included. The smallest \
        micro-batch within 5 % of the best speed is the one to take: it leaves the most micro-batches of a global \
        batch for ranks and lanes and takes the least memory. A size that the model's layers do not fit, or that \
        memory is too short for, is told, and the sweep goes on.

        Examples:
          taskset -c 0 cnn-dist bench sweep resnet20
          taskset -c 0 cnn-dist bench sweep my-model.yaml --sizes 32,64,112,224 --micro-batches 1,4,16
        """)

    @Argument(help: ArgumentHelp("A zoo model or a model file.", valueName: "model"))
    var model: String

    @Option(help: ArgumentHelp("Samples of a micro-batch, each in turn.", valueName: "n,n,…"))
    var microBatches = NumberList(numbers: (0...7).map { 1 << $0 })

    @Option(help: ArgumentHelp("Heights and widths of the images; without it the model's own.", valueName: "n,n,…"))
    var sizes = NumberList(numbers: [])

    @Option(help: "Seconds to measure each for.")
    var seconds = 1.0

    @OptionGroup var report: ReportOptions

    func validate() throws {
      try BenchLimits.check(microBatches: microBatches.numbers, seconds: seconds)
      guard !microBatches.numbers.isEmpty, sizes.numbers.allSatisfy({ (1...4096).contains($0) }) else {
        throw ValidationError("--micro-batches needs a size, and --sizes must be from 1 to 4096")
      }
    }

    func run() throws {
      var benchmark = SweepBenchmark(model: model, microBatches: microBatches.numbers)
      benchmark.sizes = sizes.numbers
      benchmark.seconds = seconds
      benchmark.isJSON = report.json
      try benchmark.run()
    }
  }
}

/// Numbers with commas between them.
struct NumberList: ExpressibleByArgument {
  /// The numbers in their order.
  let numbers: [Int]

  /// The given numbers.
  init(numbers: [Int]) { self.numbers = numbers }

  init?(argument: String) {
    let parts = argument.split(separator: ",", omittingEmptySubsequences: false)
    numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count else { return nil }
  }

  var defaultValueDescription: String { numbers.map(String.init).joined(separator: ",") }
}
