// RankWatch: who of the ranks is alive, and what each is doing. Every rank tells the first two twice a second over TCP,
// from a thread of its own, so that a rank that is stopped, hangs or dies is found by the others within seconds; MPI
// alone would wait for it for ever.
//
//   Judgement      what is known of the ranks → the reason why they cannot go on; a pure function
//   WatchMessage   what ranks tell
//   Watcher        the thread; Connection and Socket are its means

package import Collectives
internal import Foundation
internal import Synchronization

/// Watches over the ranks of a job while it is there.
package final class RankWatch: Sendable {
  /// What to do with what is found. Called on the watcher's thread.
  package struct Reporter: Sendable {
    /// Tells that others wait for a rank, and for how many seconds.
    package var waiting: @Sendable (RankView, _ host: String, _ seconds: Double) -> Void
    /// Tells why the ranks cannot go on.
    ///
    /// - Returns: the exit code for all of them.
    package var verdict: @Sendable (Verdict, [RankView], _ hosts: [String]) -> Int32

    /// A reporter of these two.
    package init(
      waiting: @escaping @Sendable (RankView, _ host: String, _ seconds: Double) -> Void,
      verdict: @escaping @Sendable (Verdict, [RankView], _ hosts: [String]) -> Int32
    ) {
      self.waiting = waiting
      self.verdict = verdict
    }
  }

  private let shared: Shared

  /// What the watcher's thread shares with the others.
  final class Shared: Sendable {
    struct State {
      var reporter: Reporter
      var deadline: Double
      var failure: RankView.Failure?
      var isEnding = false
      var hasEnded = false
    }
    let state: Mutex<State>
    let activity: Activity
    let ownStop = Atomic<Bool>(false)
    let otherStop = Atomic<Bool>(false)

    init(_ reporter: Reporter, _ activity: Activity, deadline: Double) {
      state = Mutex(State(reporter: reporter, deadline: deadline))
      self.activity = activity
    }
  }

  /// Begins to watch; all ranks call it together.
  ///
  /// - Parameters:
  ///   - deadline: how many seconds a rank may do nothing; steps that take a tenth of it or longer lengthen it.
  ///   - reporter: what to do with what is found until `report` names another.
  /// - Throws: `CommunicationError` if the ranks cannot tell each other where to be found.
  package init(
    _ communicator: any Communicator, deadline: Double = 30, reporter: Reporter
  ) throws(CommunicationError) {
    shared = Shared(reporter, communicator.activity, deadline: deadline)
    let isWatcher = communicator.rank < Meeting.watchers
    let listener = isWatcher ? try? Listener(backlog: Int32(clamping: communicator.size)) : nil
    let meeting = try Meeting(communicator, port: listener?.port)
    let (shared, rank) = (shared, communicator.rank)
    let thread = Thread { Watcher(rank: rank, meeting: meeting, listener: listener, shared: shared).run() }
    thread.name = "rank watch"
    thread.start()
  }

  /// From now on what is found goes to another reporter, with another deadline in seconds.
  package func report(to reporter: Reporter, deadline: Double) {
    shared.state.withLock { ($0.reporter, $0.deadline) = (reporter, deadline) }
  }

  /// This rank has failed: has the cause told, and all ranks end. Returns after some seconds, if nobody could be
  /// reached.
  package func fail(code: Int32, _ text: String) {
    shared.state.withLock { $0.failure = RankView.Failure(code: code, text: text) }
    for _ in 0..<300 { usleep(10_000) }
  }

  /// Tells all ranks that a stop has been asked for here.
  package func passOnStop() { shared.ownStop.store(true, ordering: .relaxed) }

  /// Whether a stop has been asked for on another rank.
  package var isStopPassedOn: Bool { shared.otherStop.load(ordering: .relaxed) }

  /// Ends the watching in order, and waits for its end: that the process ends from here on is no failure.
  package func end() {
    shared.state.withLock { $0.isEnding = true }
    for _ in 0..<200 {
      if shared.state.withLock({ $0.hasEnded }) { return }
      usleep(5_000)
    }
  }
}

/// Where the watching ranks are to be found, and the secret by which the ranks of a job know each other.
struct Meeting: Sendable {
  /// So many ranks watch: the first, and the second in case the first is the one that is lost.
  static let watchers = 2

  /// The secret.
  let secret: UInt64
  /// The ranks' machines.
  let hosts: [String]
  /// Port and addresses of the ranks that watch; nil for a rank that cannot.
  let places: [(port: UInt16, addresses: [String])?]

  /// All ranks tell each other; `port` is where this rank listens, if it watches.
  init(_ communicator: any Communicator, port: UInt16?) throws(CommunicationError) {
    let own = [
      String(UInt64.random(in: .min ... .max)), port.map { String($0) } ?? "",
      Socket.ownAddresses().joined(separator: ","), communicator.host,
    ]
    let lines = try communicator.allGather(Array(own.joined(separator: "\n").utf8)).map { line in
      String(decoding: line, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
    }
    let hosts = lines.map { $0.count > 3 ? $0[3] : "" }
    secret = lines.first?.first.flatMap { UInt64($0) } ?? 0
    self.hosts = hosts
    places = lines.indices.prefix(Self.watchers).map { rank in
      guard lines[rank].count > 3, let port = UInt16(lines[rank][1]) else { return nil }
      let near = hosts[rank] == communicator.host ? ["127.0.0.1"] : []
      return (port, near + lines[rank][2].split(separator: ",").map(String.init))
    }
  }
}
