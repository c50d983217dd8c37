import ArgumentParser
import Diagnostics
import Training

/// `cnn-dist audit`.
struct AuditCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audit", abstract: "Prove from its records that a run did what it claims.",
    discussion: """
      Proves that the ledger has every step once and in order; that every epoch used each sample once, whatever was \
      killed and on however many ranks it went on; that each step read the samples that the data holds; that every \
      checkpoint is whole and has the weights that the ledger has; and that a sample of micro-batches, computed again \
      on one core, gives the same gradients to the bit. What cannot be proven here is said.

      Ends with PASSED and a digest, which everyone gets who audits this run or repeats it, on any machine, or with \
      FAILED and each fault in a sentence. Exit codes: 0 passed, 1 failed, 2 there is nothing that could be audited.
      Examples:
        cnn-dist audit runs/lenet5-digits-001
        cnn-dist audit runs/x --set data.path=/data/mine --sample 64 --seed 7
      """)

  @Argument(help: ArgumentHelp("A run directory.", valueName: "run"))
  var directory: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Say where the data lies now, as in --set data.path=DIR.", valueName: "key=value"))
  var overrides: [String] = []

  @Flag(name: .customLong("no-data"), help: "Do not read the data: quick, and proves neither samples nor gradients.")
  var withoutData = false

  @Option(help: "How many micro-batches are computed again.")
  var sample = 8

  @Option(help: "Chooses the micro-batches that are computed again.")
  var seed: UInt64 = 1

  @Option(help: "How many steps after a checkpoint, or after the start, are candidates; more of them take longer.")
  var reach = 10

  @OptionGroup var report: ReportOptions

  func validate() throws {
    guard (0...1_000_000).contains(sample) else { throw ValidationError("--sample must be from 0 to 1000000") }
    guard (1...1_000_000_000).contains(reach) else { throw ValidationError("--reach must be from 1 to 1000000000") }
  }

  func run() throws {
    var request = AuditRequest(run: directory)
    request.overrides = overrides
    request.readsData = !withoutData
    (request.sample, request.seed, request.reach) = (sample, seed, reach)
    try Audit(request).report(asJSON: report.json)
  }
}

extension DebugCommand {
  /// `cnn-dist debug diff`.
  struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Find the first step, then the layer and the tensor, in which two runs part.",
      discussion: """
        Says what the runs are made of where that differs; compares their ledgers line by line; then compares the last \
        checkpoints at or before the step, and, if they are equal, computes the step again from each and compares \
        every activation, gradient, weight and optimizer state. Exit codes: 0 no step that both have differs, 1 they \
        differ, 2 a run cannot be read.
        Example: cnn-dist debug diff runs/x runs/y
        """)

    @Argument(help: ArgumentHelp("A run directory.", valueName: "run-a"))
    var first: String

    @Argument(help: ArgumentHelp("Another one.", valueName: "run-b"))
    var second: String

    @OptionGroup var report: ReportOptions

    func run() throws { try RunDifference(first, second).report(asJSON: report.json) }
  }
}
