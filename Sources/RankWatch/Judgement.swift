package import Collectives

/// What a watcher knows of one rank. Times are in seconds.
package struct RankView: Hashable, Sendable {
  /// What the connection to the rank is like.
  package enum Line: Hashable, Sendable {
    /// It has never stood: the rank is watched only by what others wait for.
    case missing
    /// It stands.
    case open
    /// The rank said goodbye.
    case ended
    /// It closed without a goodbye: the process is gone.
    case broken
  }

  /// The rank.
  package var rank: Int
  /// The connection.
  package var line: Line
  /// Since the rank was heard last.
  package var silence: Double
  /// Since the rank did something new.
  package var idle: Double
  /// Whether the rank has used processor time of late.
  package var isBusy: Bool
  /// What it was doing when it was heard last.
  package var activity: Activity.Snapshot
  /// The exit code and the sentence of its own failure, if it has told one.
  package var failure: Failure?

  /// What a rank says of its own end.
  package struct Failure: Hashable, Sendable {
    /// The exit code.
    package var code: Int32
    /// One sentence.
    package var text: String

    /// A failure in a sentence.
    package init(code: Int32, text: String) { (self.code, self.text) = (code, text) }
  }

  /// A rank that is well.
  package init(
    rank: Int, line: Line = .open, silence: Double = 0, idle: Double = 0, isBusy: Bool = true,
    activity: Activity.Snapshot = Activity.Snapshot(phase: .computing), failure: Failure? = nil
  ) {
    self.rank = rank
    self.line = line
    self.silence = silence
    self.idle = idle
    self.isBusy = isBusy
    self.activity = activity
    self.failure = failure
  }
}

/// Why the ranks cannot go on.
package enum Verdict: Hashable, Sendable {
  /// A rank has failed and said why.
  case failed(rank: Int, RankView.Failure)
  /// A rank's process is gone.
  case died(rank: Int)
  /// Nothing is heard of a rank any more: its process is stopped, or its host cannot be reached.
  case silent(rank: Int, seconds: Double)
  /// A rank lives but does nothing.
  case hangs(rank: Int, seconds: Double)
  /// All ranks wait for each other.
  case allWait(seconds: Double)

  /// The rank that it is about.
  package var rank: Int? {
    switch self {
    case .failed(let rank, _), .died(let rank), .silent(let rank, _), .hangs(let rank, _): rank
    case .allWait: nil
    }
  }
}

/// Judges what is known of all ranks: a pure function, so that it can be tested without a cluster.
package enum Judgement {
  /// The reason why the run cannot go on; nil if it can. The first cause comes before its consequences: what a rank
  /// says of itself, then a process that is gone, then silence, then idleness.
  ///
  /// A rank that waits for another is a victim, and one that computes is slow at most. Setting up, writing a checkpoint
  /// and scoring may take any time.
  ///
  /// - Parameter deadline: how long a rank may do nothing, in seconds.
  package static func verdict(_ views: [RankView], deadline: Double) -> Verdict? {
    if let view = views.first(where: { $0.failure != nil }), let failure = view.failure {
      return .failed(rank: view.rank, failure)
    }
    if let view = views.first(where: { $0.line == .broken }) { return .died(rank: view.rank) }
    if let view = longest(views.filter { $0.line == .open && $0.silence > deadline }, by: \.silence) {
      return .silent(rank: view.rank, seconds: view.silence)
    }
    let idle = views.filter { $0.line == .open && $0.idle > deadline }
    if let view = longest(idle.filter { $0.activity.phase == .reading || hangsComputing($0) }, by: \.idle) {
      return .hangs(rank: view.rank, seconds: view.idle)
    }
    return idleWaiters(idle, views)
  }

  /// Who is awaited where no rank can be blamed otherwise: one that is not watched, or all.
  private static func idleWaiters(_ idle: [RankView], _ views: [RankView]) -> Verdict? {
    let waiting = idle.filter { $0.activity.phase == .waiting }
    let missing = Set(views.filter { $0.line == .missing }.map(\.rank))
    if let victim = waiting.first(where: { missing.contains($0.activity.peer) }) {
      return .silent(rank: victim.activity.peer, seconds: victim.idle)
    }
    let watched = views.filter { $0.line == .open }
    guard !waiting.isEmpty, waiting.count == watched.count else { return nil }
    return .allWait(seconds: waiting.map(\.idle).min() ?? 0)
  }

  private static func hangsComputing(_ view: RankView) -> Bool { view.activity.phase == .computing && !view.isBusy }

  private static func longest(_ views: [RankView], by time: KeyPath<RankView, Double>) -> RankView? {
    views.max { $0[keyPath: time] < $1[keyPath: time] }
  }

  /// The rank that the others wait for, and how long it has done nothing; nil as long as all have moved within
  /// `patience` seconds.
  package static func laggard(_ views: [RankView], patience: Double) -> (view: RankView, seconds: Double)? {
    let open = views.filter { $0.line == .open }
    if let view = longest(open.filter { $0.silence > patience }, by: \.silence) { return (view, view.silence) }
    let idle = open.filter { $0.idle > patience && $0.activity.phase != .settingUp }
    if let view = longest(idle.filter { $0.activity.phase != .waiting }, by: \.idle) { return (view, view.idle) }
    let missing = Set(views.filter { $0.line == .missing }.map(\.rank))
    guard let victim = idle.first(where: { missing.contains($0.activity.peer) }),
      let view = views.first(where: { $0.rank == victim.activity.peer })
    else { return nil }
    return (view, victim.idle)
  }
}
