import Foundation

/// One run of mpirun, from its start until nothing of it is left on this machine.
struct Attempt {
  /// How a try has ended.
  struct Result {
    /// How mpirun has ended.
    var ending: ChildProcess.Ending
    /// What it has said.
    var output: MpirunOutput
    /// Why it was ended from here; nil if it has ended by itself.
    var reason: String?
    /// Processes that could not be ended.
    var left: [ProcessTable.Entry]
  }

  /// Milliseconds between two looks at a process that says nothing.
  private static let period: Int32 = 100
  /// Seconds that mpirun has to end when no rank is left.
  private static let patience = Duration.seconds(15)

  private let child: ChildProcess
  private let errors: Int32
  private let session: LaunchSession
  private let inbox: SignalInbox
  private var patience: StopPatience
  private var output = MpirunOutput()
  private var hadRanks = false
  private var lastSeen = ContinuousClock.now
  private var lastLook = ContinuousClock.now

  /// Starts mpirun.
  init(
    _ command: MpirunCommand, session: LaunchSession, inbox: SignalInbox, record: RunRecord?, grace: Double?
  ) throws(LaunchError) {
    let pipe = try Pipe()
    let environment = ProcessInfo.processInfo.environment.merging([LaunchSession.variable: session.name]) { $1 }
    defer { close(pipe.writing) }
    child = try ChildProcess(command.words, environment: environment, streams: .init(errors: pipe.writing))
    errors = pipe.reading
    (self.session, self.inbox) = (session, inbox)
    patience = StopPatience(record, grace: grace)
  }

  /// Looks after mpirun until it has ended.
  mutating func finish(_ requests: inout StopRequests) -> Result {
    var (ending, reason): (ChildProcess.Ending?, String?)
    while ending == nil {
      let ready = Pipe.wait(for: [errors, inbox.descriptor], milliseconds: Self.period)
      if ready.contains(errors) { listen() }
      if reason == nil { reason = answer(&requests) ?? excess(requests) }
      if let reason, !reason.isEmpty { ProcessTable.end(session.name) }
      ending = child.ending()
    }
    let left = ProcessTable.end(session.name)
    drain()
    return Result(ending: ending ?? .exited(1), output: output, reason: reason, left: left)
  }

  private mutating func listen() {
    let bytes = Pipe.read(errors)
    // At the end there is always something to read: nothing.
    if bytes.isEmpty { usleep(useconds_t(Self.period) * 1000) }
    show(output.take(bytes))
  }

  /// Passes on what the signals ask for; returns why everything has to end now.
  private mutating func answer(_ requests: inout StopRequests) -> String? {
    for number in inbox.received() {
      switch requests.wish(number) {
      case .save: child.send(SIGUSR1)
      case .nothing: break
      case .endNow: return "a second \(Failure.name(ofSignal: number)) asked to end at once, without saving"
      case .stop:
        patience.begin()
        // mpirun passes SIGUSR2 on to all ranks of all hosts. SIGINT and SIGTERM it follows itself: a second's wait,
        // SIGTERM to the ranks, another second, SIGKILL; too short to save.
        child.send(SIGUSR2)
        Say.line("asks the ranks to save and stop; once more to end them at once")
      }
    }
    return nil
  }

  /// Why the waiting has to end, although nobody has asked for that.
  private mutating func excess(_ requests: StopRequests) -> String? {
    let now = ContinuousClock.now
    guard now - lastLook > .seconds(1) else { return nil }
    lastLook = now
    if ProcessTable.processes(of: session.name).contains(where: { !$0.isDaemon }) { (hadRanks, lastSeen) = (true, now) }
    // With a dead link Open MPI waits for the far daemons for minutes, and ignores SIGTERM.
    // Whoever is told before it has started its ranks passes nothing on.
    if requests.first != nil { child.send(SIGUSR2) }
    if hadRanks, now - lastSeen > Self.patience { return "mpirun did not end although no rank is left on this machine" }
    return requests.first == nil ? nil : patience.excess(at: now)
  }

  /// What is still in the pipe; nobody can write into it any more, but for processes that could not be ended.
  private mutating func drain() {
    while !Pipe.wait(for: [errors], milliseconds: 0).isEmpty, case let bytes = Pipe.read(errors), !bytes.isEmpty {
      show(output.take(bytes))
    }
    show(output.finish())
    close(errors)
  }

  private func show(_ lines: [String]) {
    for line in lines { Say.raw(line) }
  }
}

/// How long ranks may take to save after a request to stop: as long as the run shows signs of life, which come with
/// each step and each piece of a checkpoint, so that any step time and any disk will do.
struct StopPatience {
  /// Seconds without a sign of life, at least.
  private static let shortest = 60.0
  /// Steps that may pass without a sign of life.
  private static let steps = 10.0

  private let record: RunRecord?
  private let grace: Double?
  private let started = ContinuousClock.now
  private let firstStep: Int
  private var asked: ContinuousClock.Instant?
  private var sign = ""
  private var lastSign = ContinuousClock.now

  /// Patience with a run, or with a command without one; `grace` are seconds after which it ends in any case.
  init(_ record: RunRecord?, grace: Double?) {
    (self.record, self.grace) = (record, grace)
    firstStep = record?.savedStep ?? 0
  }

  /// The ranks have been asked to stop.
  mutating func begin() { (asked, lastSign) = (.now, .now) }

  /// Why no more patience is due; nil while it is.
  mutating func excess(at now: ContinuousClock.Instant) -> String? {
    guard let asked else { return nil }
    if let grace {
      return now - asked > .seconds(grace) ? "the ranks did not save within \(grace) seconds (--grace)" : nil
    }
    let current = record?.signsOfLife ?? ""
    if current != sign { (sign, lastSign) = (current, now) }
    let limit = max(Self.shortest, Self.steps * stepTime(at: asked))
    guard now - lastSign > .seconds(limit) else { return nil }
    return "the ranks did not save, and gave no sign of life for \(Int(limit)) seconds"
  }

  /// Seconds of a step, by the steps of this try; the set-up counts with them.
  private func stepTime(at now: ContinuousClock.Instant) -> Double {
    let steps = (record?.step ?? 0) - firstStep
    return steps > 0 ? (now - started) / .seconds(1) / Double(steps) : 0
  }
}

/// What the launch says.
enum Say {
  /// A line of the launch's own.
  static func line(_ text: String) { raw("cnn-dist launch: \(text)") }

  /// A line as it is. A closed standard error must not end a launch.
  static func raw(_ text: String) { try? FileHandle.standardError.write(contentsOf: Data((text + "\n").utf8)) }
}
