import Collectives
internal import Foundation
internal import Synchronization

/// The thread that tells the watching ranks what this rank does, and on these judges what all of them do.
final class Watcher {
  private let rank: Int
  private let meeting: Meeting
  private let listener: Listener?
  private let shared: RankWatch.Shared
  private var connections: [Connection] = []
  private var records: [Record]
  private let clock = Uptime()
  private var lastPulse = -1.0
  private var lastWord = -Watcher.repetition
  private var pace = StepPace()

  /// Seconds between two pulses.
  private static let interval = 0.5
  /// Seconds until a word about a rank that others wait for, and between two of them.
  private static let patience = 5.0
  private static let repetition = 10.0

  /// What is kept of a rank.
  private struct Record {
    var line = RankView.Line.missing
    var heard = 0.0
    var moved = 0.0
    var activity = Activity.Snapshot(phase: .settingUp)
    var processorTime: UInt64 = 0
    var worked = 0.0
    var failure: RankView.Failure?
  }

  init(rank: Int, meeting: Meeting, listener: Listener?, shared: RankWatch.Shared) {
    self.rank = rank
    self.meeting = meeting
    self.listener = listener
    self.shared = shared
    records = meeting.hosts.map { _ in Record() }
  }

  /// The thread's whole life.
  func run() {
    connect()
    while true {
      wait()
      accept()
      for connection in connections { listen(to: connection) }
      connections.removeAll { $0.isClosed }
      let (failure, isEnding) = shared.state.withLock { ($0.failure, $0.isEnding) }
      if isEnding { return leave() }
      tell(failure)
      if isActing { judge() } else if isWatcher || hasWatcher { continue } else { abandon() }
    }
  }

  // MARK: Connections

  private var isWatcher: Bool { listener != nil }

  /// To the watching ranks; each pair of them has one connection for each direction.
  private func connect() {
    for (peer, place) in meeting.places.enumerated() where peer != rank {
      guard let place, let connection = Connection.open(to: peer, port: place.port, addresses: place.addresses) else {
        continue
      }
      connection.send(.hello(rank: rank, secret: meeting.secret))
      connections.append(connection)
      open(peer)
    }
    open(rank)
  }

  private func open(_ peer: Int) { (records[peer].line, records[peer].heard) = (.open, clock.now) }

  private func wait() {
    let listening = listener.map { [(descriptor: $0.descriptor, writing: false)] } ?? []
    Socket.wait(listening + connections.map { ($0.descriptor, false) }, milliseconds: 100)
  }

  private func accept() { connections += listener?.accepted() ?? [] }

  private func listen(to connection: Connection) {
    for message in connection.receive() {
      if case .hello(let peer, let secret) = message {
        guard secret == meeting.secret, records.indices.contains(peer) else { return connection.close() }
        connection.peer = peer
        open(peer)
      } else if let peer = connection.peer {
        take(message, from: peer)
      }
    }
    guard connection.isClosed, let peer = connection.peer, records[peer].line == .open else { return }
    records[peer].line = .broken
  }

  private func take(_ message: WatchMessage, from peer: Int) {
    records[peer].heard = clock.now
    switch message {
    case .hello: break
    case .pulse(let state, let time): note(peer, state, processorTime: time)
    case .failure(let code, let text): records[peer].failure = RankView.Failure(code: code, text: text)
    case .goodbye: records[peer].line = .ended
    case .stop: shared.otherStop.store(true, ordering: .relaxed)
    case .end(let code): exitNow(code)
    }
  }

  private func note(_ peer: Int, _ state: Activity.Snapshot, processorTime: UInt64) {
    if state.progress != records[peer].activity.progress { records[peer].moved = clock.now }
    // A process that only waits and listens uses about a hundredth of a core.
    if processorTime > records[peer].processorTime + UInt64(1e8 * Self.interval) { records[peer].worked = clock.now }
    records[peer].activity = state
    records[peer].processorTime = processorTime
  }

  // MARK: Telling

  private func tell(_ failure: RankView.Failure?) {
    if let failure, records[rank].failure == nil {
      records[rank].failure = failure
      for connection in connections { connection.send(.failure(code: failure.code, text: failure.text)) }
    }
    let passesOn = isWatcher && shared.otherStop.load(ordering: .relaxed)
    if passesOn || shared.ownStop.load(ordering: .relaxed) { for connection in connections { connection.tellToStop() } }
    guard clock.now - lastPulse >= Self.interval else { return }
    lastPulse = clock.now
    let (state, time) = (shared.activity.snapshot, Uptime.processorTime)
    records[rank].heard = clock.now
    note(rank, state, processorTime: time)
    pace.note(step: state.step, at: clock.now)
    for connection in connections { connection.send(.pulse(state, processorTime: time)) }
  }

  private func leave() {
    for connection in connections { connection.send(.goodbye) }
    shared.state.withLock { $0.hasEnded = true }
  }

  // MARK: Judging

  /// Rank 0 judges, and rank 1 as soon as rank 0 is lost.
  private var isActing: Bool {
    guard isWatcher, rank > 0 else { return isWatcher }
    let first = records[0]
    return first.line == .broken || (first.line == .open && clock.now - first.heard > deadline + 1)
  }

  /// The deadline, longer where steps are long.
  private var deadline: Double { max(shared.state.withLock { $0.deadline }, 10 * pace.seconds) }

  private func judge() {
    let views = records.indices.map(view)
    let reporter = shared.state.withLock { $0.reporter }
    if let verdict = Judgement.verdict(views, deadline: deadline) {
      let code = reporter.verdict(verdict, views, meeting.hosts)
      for connection in connections { connection.send(.end(code: code)) }
      if case .silent = verdict { LauncherGuard.endLauncherLater() }
      exitNow(code)
    }
    guard clock.now - lastWord > Self.repetition,
      let (view, seconds) = Judgement.laggard(views, patience: max(Self.patience, 3 * pace.seconds))
    else { return }
    lastWord = clock.now
    reporter.waiting(view, meeting.hosts[view.rank], seconds)
  }

  private func view(_ peer: Int) -> RankView {
    let record = records[peer]
    return RankView(
      rank: peer, line: record.line, silence: clock.now - record.heard, idle: clock.now - record.moved,
      isBusy: clock.now - record.worked < 2, activity: record.activity, failure: record.failure)
  }

  /// Whether one of the watching ranks is still heard.
  private var hasWatcher: Bool {
    let lines = records.prefix(Meeting.watchers)
    // Nobody watches where no connection could be made; the run goes on as it would without.
    guard lines.contains(where: { $0.line != .missing }) else { return true }
    return lines.contains { $0.line == .ended || ($0.line == .open && clock.now - $0.heard < deadline + 3) }
  }

  /// Both watching ranks are lost, and with them the run.
  private func abandon() {
    // The launcher, or the other machine, may be about to end this process.
    usleep(500_000)
    LauncherGuard.endLauncherLater()
    exitNow(Int32(128 + SIGKILL))
  }

  private func exitNow(_ code: Int32) -> Never {
    // Handlers of exit would wait for threads that wait for other ranks.
    _exit(code)
  }
}

/// How long steps take of late.
struct StepPace {
  private var step = -1
  private var began = 0.0
  /// The mean seconds of a step over the last ones; 0 before the second.
  private(set) var seconds = 0.0

  /// Takes note of the step that is under way.
  mutating func note(step now: Int, at time: Double) {
    guard now != step else { return }
    if step >= 0, now > step {
      let mean = (time - began) / Double(now - step)
      seconds = seconds == 0 ? mean : 0.8 * seconds + 0.2 * mean
    }
    (step, began) = (now, time)
  }
}

/// Seconds since it was made.
struct Uptime {
  private let start = ContinuousClock.now

  /// The seconds now.
  var now: Double { start.duration(to: .now) / .seconds(1) }

  /// The processor time of this process so far, in nanoseconds.
  static var processorTime: UInt64 {
    var time = timespec()
    unsafe clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }
}
