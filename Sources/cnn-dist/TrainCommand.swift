import ArgumentParser
import Collectives
import Foundation
import MPITransport
import Training

/// `cnn-dist train`.
struct TrainCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a network, alone or on all ranks of mpirun.",
    discussion: """
      Without a configuration file it trains lenet5 on built-in digits. The number of ranks and lanes never changes the \
      weights, to the bit. Ctrl-C and SIGTERM save and stop (exit code 3), SIGUSR1 saves and goes on.

      Examples:
        cnn-dist train
        mpirun -n 4 cnn-dist train configs/cifar10-resnet20.yaml --set data.path=/data/cifar10
        mpirun -n 2 cnn-dist train --run-dir runs/lenet5-digits-001 --resume
        cnn-dist train --debug --set train.steps=20
      """)

  @OptionGroup var options: ConfigurationOptions

  @Option(
    help: ArgumentHelp("Where records and checkpoints go; a new directory under runs/ if not given.", valueName: "dir"))
  var runDir: String?

  @Option(
    help: ArgumentHelp(
      "Continue from a checkpoint: 'latest' (also without a value), 'best', a name such as step-0000391, or a path.",
      valueName: "checkpoint"))
  var resume: String?

  @Flag(help: "One process without MPI; check every instruction for NaN and infinity, and print statistics per layer.")
  var debug = false

  func validate() throws {
    guard runDir != "" else { throw ValidationError("--run-dir must name a directory") }
  }

  func run() throws {
    let request = TrainRequest(
      configuration: options.configuration, overrides: options.overrides, runDirectory: runDir, resume: resume,
      isDebugging: debug)
    try Launch.run(isAlone: debug) { communicator, cores in
      let signals = StopSignals()
      signals.listen()
      let trainer = Trainer(
        request, communicator: communicator, coresPerRank: debug ? 1 : cores, signals: signals,
        console: Console(isForwarded: MPISession.isLaunched))
      try trainer.run()
    }
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

  @OptionGroup var report: ReportOptions

  func run() throws {
    try Launch.run(isAlone: false) { communicator, cores in
      try CheckpointEvaluation.run(
        checkpoint: checkpoint, overrides: overrides, asJSON: report.json, communicator: communicator,
        coresPerRank: cores)
    }
  }
}

/// Starts work with or without MPI.
enum Launch {
  /// Runs `body` with the ranks of this job and the cores for each of them.
  ///
  /// Under an MPI launcher MPI is started; a process started by hand is alone, and makes no MPI call. An error that
  /// not all ranks share ends the whole job.
  static func run(isAlone: Bool, _ body: (any Communicator, Int) throws -> Void) throws {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    guard MPISession.isLaunched, !isAlone else { return try body(SoloCommunicator(), cores) }
    try MPISession.run { world in
      let coresPerRank = max(1, cores / max(1, world.localRanks))
      do {
        try body(world, coresPerRank)
      } catch var error as RunError where error.isCollective {
        // Before MPI ends: the launcher ends the other ranks as soon as one has left with a failure.
        if world.rank == 0 { ErrorReport.print(error) }
        error.isReported = true
        throw error
      } catch {
        let place = "rank \(world.rank) on \(world.host)"
        try? FileHandle.standardError.write(contentsOf: Data("cnn-dist: error: \(place): \(error)\n".utf8))
        world.abort(code: (error as? RunError)?.code.rawValue ?? RunError.Code.failed.rawValue)
      }
    }
  }
}
