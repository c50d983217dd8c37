import ArgumentParser
import Checkpoints
import Configuration
import Diagnostics
import MPITransport
import Training

/// `cnn-dist train`.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a network, alone or on all ranks of mpirun.",
    discussion: """
      Without a configuration file it trains lenet5 on built-in digits. The number of ranks and lanes never changes \
      the weights, to the bit. Ctrl-C, SIGTERM and SIGHUP save and stop (exit code 3), SIGUSR1 saves and goes on.

      Under mpirun send SIGUSR2 to it (kill -USR2): it passes that on, the ranks save and stop, and the exit code is \
      3. Ctrl-C and SIGTERM it follows itself: its exit code is 1, and it ends the ranks about two seconds later, \
      saved or not.

      Examples:
        cnn-dist train
        mpirun -n 4 cnn-dist train configs/cifar10-resnet20.yaml --set data.path=/data/cifar10
        mpirun -n 2 cnn-dist train --run-dir runs/lenet5-digits-001 --resume
        cnn-dist train my.yaml --name mine --resume auto     the one command of a job script: starts, goes on, or ends
        cnn-dist train --debug --set train.steps=20
        cnn-dist train --name first-try --quiet

      The keys that are set most often, with their defaults (cnn-dist config lists all):
      \(ConfigurationKey.usualTable)

      Results go to the standard output, progress and notes to the standard error. With --json the standard output \
      holds one JSON object a line: its key 'event' is start, note, warning, progress, metrics, evaluation or end.
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(
    help: ArgumentHelp("Where records and checkpoints go; a new directory under runs/ if not given.", valueName: "dir"))
  var runDir: String?

  @Option(
    help: ArgumentHelp("The run's name: its records and checkpoints go to runs/NAME.", valueName: "name"))
  var name: String?

  @Option(
    help: ArgumentHelp(
      """
      Continue from a checkpoint: 'latest' (also without a value), 'best', a name such as step-0000391, or a path. \
      'auto' starts the run if there is none yet, and a run that is complete ends with exit code 0.
      """,
      valueName: "checkpoint"))
  var resume: String?

  @Flag(help: "One process without MPI; check every instruction for NaN and infinity, and print statistics per layer.")
  var debug = false

  @Flag(name: .shortAndLong, help: "Print only notes, errors and the last line: the checkpoint and its hash.")
  var quiet = false

  @OptionGroup(title: "Faults on purpose") var chaos: ChaosOptions

  @OptionGroup var launch: LaunchOptions
  @OptionGroup var report: ReportOptions

  func validate() throws {
    guard runDir != "" else { throw ValidationError("--run-dir must name a directory") }
    guard let name else { return }
    if let problem = RunDirectory.problem(withName: name) { throw ValidationError("--name \(problem)") }
    guard runDir == nil else {
      throw ValidationError("give --name or --run-dir, not both: --name x is --run-dir runs/x")
    }
  }

  func run() throws {
    let request = TrainRequest(
      configuration: options.configuration, overrides: options.overrides,
      runDirectory: runDir ?? name.map { RunDirectory.named($0).path }, resume: resume, chaos: try chaos.plan())
    let greeting = Greeting(
      command: debug ? "train --debug" : "train",
      options: ["--run-dir": runDir, "--name": name, "--resume": resume, "--chaos": chaos.chaos])
    let refusal = debug ? Self.debugging : nil
    try Launch.run(greeting, isAlone: launch.alone, needsOneProcess: refusal) { communicator, cores, watch in
      let signals = StopSignals()
      signals.listen()
      let console = Console(
        isForwarded: MPISession.isLaunched && !launch.alone, isQuiet: quiet, isJSON: report.json)
      defer { Console.clear() }
      let trainer = Trainer(
        request, communicator: communicator, coresPerRank: debug ? 1 : cores, signals: signals, console: console,
        watch: watch, observer: debug ? { StepInspector($0, console: $1) } : nil)
      try trainer.run()
    }
  }

  private static var debugging: String {
    "--debug runs in one process, and a launcher has started several; start it without mpirun: \(Launch.commandLine) "
      + "(its bits are those of any number of ranks)"
  }
}

/// The option that lets faults happen.
struct ChaosOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      """
      Faults that the run makes itself, to see what becomes of it, with commas between: kill=RANK@STEP and \
      stop=RANK@STEP (SIGKILL, SIGSTOP before the step), delay=RANK@STEP:SECONDS, flip=RANK@STEP:LAYER:BIT (one bit of \
      the layer's activation in the rank's first micro-batch), nan=RANK@STEP (in its gradient), enospc@CHECKPOINT (no \
      space for it), corrupt=CHECKPOINT (a bit of it, once committed). CHECKPOINT is the number of steps before it. \
      Launch leaves the option away when it starts again.
      """, valueName: "list"))
  var chaos: String?

  func validate() throws {
    do { _ = try plan() } catch { throw ValidationError("\(error)") }
  }

  /// The faults.
  func plan() throws(RunError) -> ChaosPlan {
    try chaos.map { text throws(RunError) in try ChaosPlan(parsing: text) } ?? .none
  }
}

/// `cnn-dist evaluate`.
struct EvaluateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Score the test data with the weights of a checkpoint, alone or on all ranks of mpirun.",
    discussion: """
      Each test sample counts exactly once, and the result is the same for any number of ranks.
      Example: mpirun -n 4 cnn-dist evaluate --checkpoint runs/x/checkpoints/best
      """)

  @Option(help: ArgumentHelp("A checkpoint directory, for example runs/x/checkpoints/best.", valueName: "dir"))
  var checkpoint: String

  @Option(
    name: .customLong("set"), parsing: .singleValue,
    help: ArgumentHelp("Override one value of the run's configuration.", valueName: "key=value"))
  var overrides: [String] = []

  @OptionGroup var launch: LaunchOptions
  @OptionGroup var report: ReportOptions

  func run() throws {
    let greeting = Greeting(command: "evaluate", options: ["--checkpoint": checkpoint])
    try Launch.run(greeting, isAlone: launch.alone) { communicator, cores, _ in
      try CheckpointEvaluation.run(
        checkpoint: checkpoint, overrides: overrides, asJSON: report.json, communicator: communicator,
        coresPerRank: cores)
    }
  }
}
