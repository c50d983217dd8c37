import ArgumentParser
import Diagnostics
import Training

/// `cnn-dist data`.
struct DataCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Look at, make, check and order data.",
    subcommands: [Info.self, Make.self, Verify.self, Order.self])

  /// `cnn-dist data info`.
  struct Info: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print what a dataset holds: counts per class, shape, mean and std of the channels.",
      discussion: "Example: cnn-dist data info --set data.format=idx --set data.path=data/mnist")

    @OptionGroup var options: ConfigurationOptions
    @OptionGroup var report: ReportOptions

    func run() throws { try DataReport.info(options.read(), asJSON: report.json) }
  }

  /// `cnn-dist data make`.
  struct Make: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write a built-in dataset to files, so that it can be looked at and used elsewhere.",
      discussion: "Example: cnn-dist data make digits --output digits --train-count 60000")

    @Argument(help: ArgumentHelp("The built-in dataset; there is one: digits.", valueName: "name"))
    var name: String

    @Option(help: "The format; there is one: idx.")
    var format = "idx"

    @Option(help: ArgumentHelp("The directory to write to.", valueName: "dir"))
    var output = "digits"

    @Option(help: "Training samples.")
    var trainCount = 20_000

    @Option(help: "Test samples.")
    var testCount = 4_000

    func validate() throws {
      guard name == "digits" else { throw ValidationError("'\(name)' is no built-in dataset; there is one: digits") }
      guard format == "idx" else { throw ValidationError("'\(format)' cannot be written; there is one format: idx") }
      guard (1...1_000_000).contains(trainCount), (1...1_000_000).contains(testCount) else {
        throw ValidationError("--train-count and --test-count must be from 1 to 1000000")
      }
    }

    func run() throws { try DataReport.makeDigits(in: output, train: trainCount, test: testCount) }
  }

  /// `cnn-dist data verify`.
  struct Verify: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Read every sample of a dataset and name the damaged ones.",
      discussion: """
        Exit code 1 if a sample is damaged. With --full it also prints a digest of every sample's label and pixels, \
        the same for any number of ranks, and under mpirun the ranks share the work.
        Examples:
          cnn-dist data verify configs/my-images.yaml
          mpirun -n 4 cnn-dist data verify --full configs/my-images.yaml
        """)

    @OptionGroup var options: ConfigurationOptions

    @Flag(help: "Print one digest of all samples; under mpirun the ranks share the work.")
    var full = false

    @OptionGroup var launch: LaunchOptions

    func run() throws {
      guard full else { return try DataReport.verify(options.read()) }
      try Launch.run(Greeting(command: "data verify"), isAlone: launch.alone) { communicator, _, _ in
        try FullVerification(communicator).run { try options.read() }
      }
    }
  }

  /// `cnn-dist data order`.
  struct Order: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the samples of given steps, in order.",
      discussion: """
        The order is a pure function of the seed; it is the same for any number of ranks.
        Example: cnn-dist data order configs/digits-lenet5.yaml --steps 3-7
        """)

    @OptionGroup var options: ConfigurationOptions

    @Option(help: ArgumentHelp("A step, or a range such as 3-7.", valueName: "steps"))
    var steps = "0"

    @OptionGroup var report: ReportOptions

    func run() throws {
      let bounds = steps.split(separator: "-").map { Int($0) }
      guard (1...2).contains(bounds.count), let first = bounds[0], let last = bounds[bounds.count - 1], 0 <= first,
        first <= last, last < 1 << 40, last - first < 100_000
      else {
        throw ValidationError("--steps \(steps): must be a step or a range such as 3-7")
      }
      try DataReport.order(options.read(), steps: first...last, asJSON: report.json)
    }
  }
}
