import ArgumentParser
import Foundation
import MPITransport
import Supervisor
import Training

/// `cnn-dist launch`.
struct LaunchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "launch",
    abstract: "Start a command on several ranks by mpirun, and watch over it until it is done.",
    discussion: """
      It chooses the flags of mpirun that this machine needs (--dry-run shows them with their reasons), passes signals \
      on, starts again from the last checkpoint after a failure, and leaves nothing behind: no process, no file, no \
      shared memory. A run that was killed and restarted ends with the same weights, to the bit.

      Examples:
        cnn-dist launch -n 4 train
        cnn-dist launch -n 4 train my.yaml --name mine --resume auto
        cnn-dist launch -n 8 --hosts a:4,b:4 --min-ranks 4 train my.yaml --run-dir /shared/runs/mine
        cnn-dist launch -n 4 evaluate --checkpoint runs/mine/checkpoints/best
        cnn-dist launch -n 4 --dry-run train

      Its own options stand before the command, the command's after it.

      Stopping. Ctrl-C, SIGTERM and SIGHUP let the ranks save and stop, however long a step takes: exit code 3. They \
      are ended without saving when nothing has happened in the run directory for a minute or ten steps, whichever is \
      longer; with --grace S, after S seconds. A second Ctrl-C or SIGTERM ends all at once. SIGUSR1 saves and goes on.

      Restarts. After a failure the ranks start again from the last checkpoint: after 1 s, then 2 s, 4 s, at most \
      60 s, and 1 s again once a checkpoint was committed since. With --hosts, a host that does not answer is left out \
      of a try while --min-ranks remain, and is asked again before the next one. --hostfile is read again before each \
      try, so that hosts can be added and taken away. The launch gives up when the same step fails twice in the same \
      way, when --max-restarts are used up, and at once when arguments, configuration or data cannot be used. How \
      often it saves is a matter of the configuration: checkpoint in 'cnn-dist config'.

      Hosts are reached by ssh without a password, and have cnn-dist at the same path. --agent names another program \
      that is called as AGENT HOST COMMAND....

      Exit codes:
        0         done
        2         arguments, configuration or data cannot be used, or mpirun is missing
        3         stopped on request, everything is saved
        64        wrong usage of the command line
        69        the hosts that answer have slots for fewer than --min-ranks ranks
        130, 143, 129   ended by Ctrl-C, SIGTERM, SIGHUP unsaved: a second one, no time left, or no step taken yet
        137, 139, ...   gave up: a rank was ended by a signal (128 + its number; 137 also where memory was short)
        1, others gave up: the exit code of the rank that failed
      """)

  @Option(name: .customShort("n"), help: ArgumentHelp("Ranks: processes, each with a replica.", valueName: "ranks"))
  var ranks: Int

  @Option(help: ArgumentHelp("Hosts and their slots, as in a:2,b:2; without them this machine.", valueName: "list"))
  var hosts: String?

  @Option(
    help: ArgumentHelp("A file of hosts, lines NAME slots=N, read again before each try.", valueName: "file"))
  var hostfile: String?

  @Option(help: ArgumentHelp("Restarts after failures, in all; 0 for none.", valueName: "count"))
  var maxRestarts = 3

  @Option(
    help: ArgumentHelp(
      "Start with fewer ranks than -n where hosts are missing, but not with fewer than these.", valueName: "ranks"))
  var minRanks = 1

  @Option(
    help: ArgumentHelp(
      "Seconds for saving after a request to stop; without it as long as the run moves.", valueName: "seconds"))
  var grace: Double?

  @Option(help: ArgumentHelp("What reaches a host.", valueName: "program"))
  var agent = LaunchRequest.usualAgent

  @Option(help: ArgumentHelp("mpirun of Open MPI, by name or path.", valueName: "program"))
  var mpirun = "mpirun"

  @Option(
    name: .customLong("mpirun-option"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "More words for mpirun, as in --mpirun-option '--mca btl_tcp_if_include eth0'.", valueName: "words"))
  var mpirunOptions: [String] = []

  @Flag(help: "Print the mpirun command and the reason of each flag, and start nothing.")
  var dryRun = false

  @Flag(name: .shortAndLong, help: "Also print the reasons of the flags, and what Open MPI says about failures.")
  var verbose = false

  @Argument(
    parsing: .captureForPassthrough,
    help: ArgumentHelp("train, evaluate or data verify, with all its options.", valueName: "command"))
  var command: [String] = []

  func validate() throws {
    guard (1...9999).contains(ranks) else { throw ValidationError("-n must be from 1 to 9999") }
    guard (1...ranks).contains(minRanks) else { throw ValidationError("--min-ranks must be from 1 to -n (\(ranks))") }
    guard maxRestarts >= 0 else { throw ValidationError("--max-restarts must not be negative") }
    guard hosts == nil || hostfile == nil else { throw ValidationError("give --hosts or --hostfile, not both") }
    if let grace, !(grace >= 0 && grace < 1e9) { throw ValidationError("--grace must be a number of seconds") }
    guard !command.isEmpty else {
      throw ValidationError("name the command that the ranks run, as in: cnn-dist launch -n \(ranks) train")
    }
  }

  func run() throws {
    guard !MPISession.isLaunched else {
      throw RunError(
        .unusable, "launch starts mpirun itself; start it by hand or in a batch script, without mpirun or srun")
    }
    let claim = try LaunchedCommand.claim(command)
    do throws(LaunchError) {
      let request = try request(claim.job)
      if dryRun {
        claim.release()
        return print(try Supervisor(request).plan())
      }
      var supervisor = Supervisor(request, oomKills: { OutOfMemory.kills() })
      let code = try supervisor.run()
      claim.release()
      Foundation.exit(code)
    } catch {
      claim.release()
      throw RunError(.unusable, error.description)
    }
  }

  private func request(_ job: RankJob) throws(LaunchError) -> LaunchRequest {
    guard let executable = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
      throw LaunchError("/proc/self/exe cannot be read, which names the program to start; is /proc mounted?")
    }
    var request = LaunchRequest(ranks: ranks, executable: executable, job: job)
    request.hosts = try hosts.map { text throws(LaunchError) in try RankHost.list(text) } ?? []
    // Kubernetes' MPI operator tells Open MPI its hosts in this way.
    let given = ProcessInfo.processInfo.environment["OMPI_MCA_orte_default_hostfile"]
    request.hostFile = hostfile ?? (hosts == nil ? given : nil)
    request.agent = agent
    request.mpirun = mpirun
    (request.maxRestarts, request.minRanks, request.grace) = (maxRestarts, minRanks, grace)
    request.mpirunOptions = mpirunOptions.flatMap { $0.split(separator: " ").map(String.init) }
    request.isVerbose = verbose
    request.words = ResumeArgument.expanded(Array(CommandLine.arguments.dropFirst())).dropLast(command.count)
    return request
  }
}

/// `cnn-dist launch-host`: what `launch` does on hosts; not for users.
struct LaunchHostCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: HostCare.command, abstract: "Look after a launch on a host (started by launch itself).",
    shouldDisplay: false)

  @Argument(help: "prepare, clean or watch.")
  var work: String

  @Option(help: "The name of the launch.")
  var session: String

  @Option(help: "What reaches a host.")
  var agent = LaunchRequest.usualAgent

  @Option(help: "Other hosts.")
  var hosts: String?

  func run() throws {
    guard let work = HostCare(rawValue: work) else { throw RunError(.unusable, "no work of launch-host: \(work)") }
    do throws(LaunchError) {
      let list = try hosts.map { text throws(LaunchError) in try RankHost.list(text) } ?? []
      let keeper = HostKeeper(hosts: list, agent: agent, executable: CommandLine.arguments[0])
      try work.run(LaunchSession(name: session), hosts: keeper)
    } catch {
      throw RunError(.unusable, error.description)
    }
  }
}
