import ArgumentParser
import Collectives
import Foundation
import MPITransport
import RankWatch
import Supervisor
import Training

/// The option of commands that all ranks of a job run together.
struct LaunchOptions: ParsableArguments {
  @Flag(help: "Run as one process without MPI, also where a launcher has started several.")
  var alone = false
}

/// Starts work with or without MPI.
enum Launch {
  /// Runs `body` with the ranks of this job and the cores for each of them.
  ///
  /// Under an MPI launcher MPI is started, and the ranks greet each other; a process started by hand is alone, and
  /// makes no MPI call. A process that knows to be one of several but cannot join them is refused: it would do the
  /// whole work alone, as would each of the others. An error that not all ranks share ends the whole job.
  ///
  /// - Parameters:
  ///   - greeting: what all ranks must have been started with alike.
  ///   - isAlone: whether the user wants this process alone, whoever started it.
  ///   - needsOneProcess: why the command cannot run on several ranks; nil if it can.
  ///   - body: the work.
  static func run(
    _ greeting: Greeting, isAlone: Bool, needsOneProcess: String? = nil,
    _ body: (any Communicator, CoreBudget, RankWatch?) throws -> Void
  ) throws {
    let job = LaunchedJob(in: ProcessInfo.processInfo.environment)
    let isOneOfOne = job == nil && needsOneProcess != nil
    if isAlone || isOneOfOne { return try body(SoloCommunicator(), .alone, nil) }
    guard MPISession.isLaunched else {
      if let job { throw RunError(.unusable, job.refusal) }
      return try body(SoloCommunicator(), .alone, nil)
    }
    // If that ends the process, Open MPI's own words lead astray.
    if let caution = job?.caution { ErrorReport.print("note: \(caution)") }
    try MPISession.run { world in
      var watch: RankWatch?
      do {
        if let job, world.size == 1 { throw RunError(.unusable, job.refusal, isCollective: true) }
        try greeting.exchange(world)
        if let needsOneProcess, world.size > 1 {
          throw RunError(.unusable, needsOneProcess, isCollective: true)
        }
        if world.size > 1 {
          watch = try RankWatch(world, reporter: FailureReport(ranks: world.size, command: commandLine).reporter)
        }
        try body(world, try CoreBudget(world), watch)
        watch?.end()
      } catch var error as RunError where error.isCollective {
        watch?.end()
        // Before MPI ends: the launcher ends the other ranks as soon as one has left with a failure.
        if world.rank == 0, !error.isReported { ErrorReport.print(error) }
        error.isReported = true
        throw error
      } catch {
        // Those who watch tell the cause and end all ranks; only where nobody hears does it come to the next lines.
        watch?.fail(code: (error as? RunError)?.code.rawValue ?? RunError.Code.failed.rawValue, "\(error)")
        ErrorReport.print("error: rank \(world.rank) on \(world.host): \(error)")
        world.abort(code: (error as? RunError)?.code.rawValue ?? RunError.Code.failed.rawValue)
      }
    }
  }

  /// The words of this process's command line, as a shell would take them.
  static var commandLine: String { ShellWords.text(["cnn-dist"] + CommandLine.arguments.dropFirst()) }
}
