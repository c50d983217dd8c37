// Supervisor: starts mpirun with what this machine needs, passes signals on, and starts it again after a failure.
// `Machine` chooses flags and hosts, `Processes` starts and ends processes and cleans up after them, `Failures` finds
// the cause and decides what follows. Nothing here knows MPI or trains.

import Checkpoints
import Foundation
import Interchange

/// The exit codes of a launch beside those of the ranks, which it passes on.
package enum LaunchCode {
  /// All is done.
  static let done: Int32 = 0
  /// A failure without a code of its own.
  static let failed: Int32 = 1
  /// Arguments, configuration or data cannot be used; no restart would help.
  static let unusable: Int32 = 2
  /// Stopped on request, after saving.
  static let stopped: Int32 = 3
  /// Too few hosts answer.
  static let unreachable: Int32 = 69
}

/// A launch: tries until the job is done, is asked to stop, or cannot be done.
package struct Supervisor {
  private let request: LaunchRequest
  private let facts: MachineFacts
  private let session: LaunchSession
  private let record: RunRecord?
  private let oomKills: @Sendable () -> Int?
  private var policy: RestartPolicy
  private var requests = StopRequests()
  private var keeper: HostKeeper
  private let firstCommit: String

  /// A launch.
  ///
  /// - Parameters:
  ///   - request: what the user wants.
  ///   - facts: this machine.
  ///   - oomKills: how many processes the system has ended for want of memory; nil if it does not tell.
  package init(
    _ request: LaunchRequest, facts: MachineFacts = .probe(), oomKills: @escaping @Sendable () -> Int? = { nil }
  ) {
    (self.request, self.facts, self.oomKills) = (request, facts, oomKills)
    session = .new()
    record = request.job.runDirectory.map { RunRecord($0) }
    policy = RestartPolicy(limit: request.maxRestarts)
    keeper = HostKeeper(hosts: [], agent: request.agent, executable: request.executable)
    firstCommit = record?.commit ?? ""
  }

  /// What `--dry-run` shows: the command of the first try, and why each flag is there.
  ///
  /// - Throws: `LaunchError` if the request cannot be followed.
  package func plan() throws(LaunchError) -> String {
    let command = command(hosts: try hosts())
    return ([ShellWords.text(command.words)] + command.reasons).joined(separator: "\n")
  }

  /// Runs the job; returns the exit code.
  ///
  /// - Throws: `LaunchError` if nothing can be started.
  package mutating func run() throws(LaunchError) -> Int32 {
    try checkMpirun()
    LaunchSession.removeDead()
    let inbox = try SignalInbox()
    keeper.hosts = try hosts()
    try session.makeFolders()
    defer { session.removeFolders() }
    let lock = try? session.lock()
    defer { withExtendedLifetime(lock) {} }
    let watch = try HostCare.startWatch(keeper, session)
    defer { end(watch) }
    return try tries(inbox)
  }

  private func end(_ watch: Int32) {
    keeper.each(.clean, session)
    Pipe.end(watch)
  }

  private func checkMpirun() throws(LaunchError) {
    guard let version = Command.output([request.mpirun, "--version"]) else {
      throw LaunchError(
        "\(request.mpirun) cannot be run; install Open MPI (Debian, Ubuntu: apt-get install openmpi-bin), or name it "
          + "with --mpirun PATH")
    }
    guard version.contains("Open MPI") || version.contains("OpenRTE") else {
      throw LaunchError(
        "\(request.mpirun) is not that of Open MPI, whose flags are used here; name it with --mpirun PATH")
    }
  }

  // MARK: Tries

  private mutating func tries(_ inbox: SignalInbox) throws(LaunchError) -> Int32 {
    while true {
      let before = TryMarks(record, oomKills())
      guard let hosts = try reachable() else { return unreachable() }
      let command = command(hosts: hosts)
      if policy.restarts == 0 || request.isVerbose { announce(command) }
      var attempt = try Attempt(command, session: session, inbox: inbox, record: record, grace: request.grace)
      let result = attempt.finish(&requests)
      session.emptyFolders()
      if let code = end(of: result) { return code }
      let failure = failure(of: result, before)
      if !retries(after: failure, of: result, before, inbox) { return code(of: failure) }
    }
  }

  /// The exit code, where the job is over and no failure has ended it.
  private mutating func end(of result: Attempt.Result) -> Int32? {
    for process in result.left { Say.line("process \(process.identifier) (\(process.name)) could not be ended") }
    if request.isVerbose { for line in result.output.blocks.joined() { Say.raw("  " + line) } }
    if let reason = result.reason, let signal = requests.first?.number {
      Say.line("\(reason); all ranks were ended\(continuation)")
      return 128 + signal
    }
    switch result.ending {
    case .exited(LaunchCode.done):
      if policy.restarts > 0 { record?.removeFailure() }
      return LaunchCode.done
    case .exited(LaunchCode.stopped): return LaunchCode.stopped
    case .exited, .signalled: break
    }
    guard let signal = requests.first?.number else { return nil }
    // Over several hosts mpirun does not always keep the exit code.
    if record?.isSaved == true { return LaunchCode.stopped }
    // Before the first step ranks end at once: there is nothing to save yet.
    Say.line("stopped before the ranks could save\(continuation)")
    return 128 + signal
  }

  private func failure(of result: Attempt.Result, _ before: TryMarks) -> Failure {
    let written = record?.failure(since: before.failure)
    let kills = oomKills().map { now in before.oomKills.map { now > $0 } ?? false } ?? false
    var failure = Failure(record: written, output: result.output, ending: result.ending, isOutOfMemory: kills)
    if let reason = result.reason, written == nil { failure.cause = reason }
    failure.step = failure.step ?? record?.step
    if written == nil, failure.exitCode != LaunchCode.unusable { record?.write(failure) }
    return failure
  }

  /// Says what has happened and waits, if there is to be another try.
  private mutating func retries(
    after failure: Failure, of result: Attempt.Result, _ before: TryMarks, _ inbox: SignalInbox
  ) -> Bool {
    guard failure.exitCode != LaunchCode.unusable else {
      // The ranks have said what it is.
      if result.output.errors.isEmpty { report(failure, "no restart would help") }
      return false
    }
    switch policy.decide(failure, hasProgressed: record.map { $0.commit != before.commit } ?? false) {
    case .giveUp(let why):
      report(failure, why)
      return false
    case .restart(let seconds):
      let place = record?.checkpoint.map { "from \($0)" } ?? "from the start"
      Say.line(
        "\(failure.sentence); restart \(policy.restarts) of \(request.maxRestarts) in \(Int(seconds)) s, \(place)")
      return waits(seconds, inbox, failure)
    }
  }

  /// Waits; false if a stop is asked for meanwhile.
  private mutating func waits(_ seconds: Double, _ inbox: SignalInbox, _ failure: Failure) -> Bool {
    let until = ContinuousClock.now + .seconds(seconds)
    while ContinuousClock.now < until {
      _ = Pipe.wait(for: [inbox.descriptor], milliseconds: 100)
      for number in inbox.received() where requests.wish(number) == .stop {
        report(failure, "stopped on request before the restart")
        return false
      }
    }
    return true
  }

  private func code(of failure: Failure) -> Int32 {
    if let signal = requests.first?.number { return 128 + signal }
    return failure.exitCode.flatMap { $0 == 0 ? nil : $0 } ?? LaunchCode.failed
  }

  // MARK: Hosts

  private func hosts() throws(LaunchError) -> [RankHost] {
    guard let path = request.hostFile else { return request.hosts }
    guard let bytes = try? Disk.read(path, limit: 1 << 20) else {
      throw LaunchError("the file of hosts \(path) cannot be read; check --hostfile")
    }
    return try RankHost.file(String(decoding: bytes, as: UTF8.self), path: path)
  }

  /// The hosts of the next try; nil if they have too few slots.
  private mutating func reachable() throws(LaunchError) -> [RankHost]? {
    keeper.hosts = try hosts()
    guard !keeper.hosts.isEmpty else { return [] }
    let answering = keeper.each(.prepare, session)
    for host in keeper.hosts where !answering.contains(host) {
      Say.line("\(host.name) does not answer (\(request.agent)), and is left out of this try")
    }
    let slots = answering.map(\.slots).reduce(0, +)
    return min(slots, request.ranks) >= request.minRanks && slots > 0 ? answering : nil
  }

  private func unreachable() -> Int32 {
    Say.line(
      "the hosts that answer have slots for fewer than \(request.minRanks) ranks (--min-ranks); check them with: "
        + "\(request.agent) HOST \(request.executable) --version\(continuation)")
    return LaunchCode.unreachable
  }

  private func command(hosts: [RankHost]) -> MpirunCommand {
    let slots = hosts.map(\.slots).reduce(0, +)
    let isHere = hosts.allSatisfy(\.isHere)
    let goesOn = policy.restarts > 0 && record.map { $0.commit != firstCommit || !isChosen } ?? false
    return MpirunCommand(
      request, ranks: hosts.isEmpty ? request.ranks : min(request.ranks, slots), hosts: isHere ? [] : hosts,
      facts: facts,
      session: session,
      program: [request.executable] + (goesOn ? request.job.resumption : request.job.start))
  }

  /// Whether the user has named a checkpoint to begin with, which counts until a newer one is committed.
  private var isChosen: Bool { request.job.words.contains { $0 == "--resume" || $0.hasPrefix("--resume=") } }

  // MARK: Words

  private func announce(_ command: MpirunCommand) {
    Say.line("runs \(ShellWords.text(command.words))")
    if request.isVerbose { for line in command.reasons { Say.raw(line) } }
  }

  private func report(_ failure: Failure, _ why: String) {
    Say.line("FAILED: \(failure.sentence)")
    Say.line(why)
    if let checkpoint = record?.checkpoint { Say.line("last good checkpoint: \(checkpoint)") }
    if record != nil { Say.line("to go on: \(resumeCommand)") }
  }

  private var continuation: String { record == nil ? "" : "; continue with: \(resumeCommand)" }

  private var resumeCommand: String {
    ShellWords.text(["cnn-dist"] + request.words + request.job.resumption)
  }
}

/// What was there before a try, to tell what the try has left.
private struct TryMarks {
  let failure: String
  let commit: String
  let oomKills: Int?

  init(_ record: RunRecord?, _ oomKills: Int?) {
    (failure, commit, self.oomKills) = (record?.failureStamp ?? "", record?.commit ?? "", oomKills)
  }
}
