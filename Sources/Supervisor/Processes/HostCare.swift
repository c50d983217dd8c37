import Dispatch
import Foundation
import Synchronization

/// What is done on each host of a launch, by `cnn-dist launch-host WORK --session NAME`, which the agent (ssh) starts
/// there.
package enum HostCare: String, Sendable, CaseIterable {
  /// Ends what is left of an earlier try, and makes the folders of the launch: whoever has no answer is left out.
  case prepare
  /// Ends what is left and removes the folders.
  case clean
  /// On the launch's own machine: waits until the launch has ended, by the end of the standard input, and then cleans
  /// up if it did not do so itself, as it was killed.
  case watch

  /// The command of the command line.
  package static let command = "launch-host"
  /// Seconds that a host has for an answer.
  private static let patience = 20.0

  /// The words of this work after the program.
  private func words(_ session: LaunchSession) -> [String] {
    [Self.command, rawValue, "--session", session.name]
  }

  /// Does the work on this machine.
  ///
  /// - Parameters:
  ///   - session: the launch.
  ///   - hosts: for `watch`: the agent, the program and other hosts on which to clean up, too.
  package func run(_ session: LaunchSession, hosts: HostKeeper? = nil) throws(LaunchError) {
    switch self {
    case .prepare:
      ProcessTable.end(session.name)
      session.emptyFolders()
      try session.makeFolders()
    case .clean:
      ProcessTable.end(session.name)
      session.removeFolders()
    case .watch:
      for number in [SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2] { signal(number, SIG_IGN) }
      setsid()
      // A byte says that the launch has done it itself.
      guard Pipe.read(STDIN_FILENO).isEmpty else { return }
      ProcessTable.end(session.name)
      session.removeFolders()
      hosts?.each(.clean, session)
    }
  }

  /// Does the work on a host; returns whether it was done there.
  fileprivate func run(on host: RankHost, agent: String, executable: String, _ session: LaunchSession) -> Bool {
    // The launch looks after its own machine, and keeps its lock there.
    if host.isHere { return true }
    // Without a terminal nobody answers questions about passwords and keys.
    let options = agent == LaunchRequest.usualAgent ? ["-o", "BatchMode=yes", "-o", "ConnectTimeout=5"] : []
    return Command.succeeds(
      [agent] + options + [host.name, executable] + words(session), seconds: Self.patience)
  }

  /// Starts the watch over this launch: a process that outlives it for a moment.
  ///
  /// - Returns: where the launch writes a byte when it has cleaned up itself.
  package static func startWatch(_ keeper: HostKeeper, _ session: LaunchSession) throws(LaunchError) -> Int32 {
    let pipe = try Pipe()
    let hosts = keeper.hosts.isEmpty ? [] : ["--hosts", keeper.hosts.map(\.description).joined(separator: ",")]
    _ = try ChildProcess(
      [keeper.executable] + HostCare.watch.words(session) + ["--agent", keeper.agent] + hosts,
      environment: ProcessInfo.processInfo.environment.merging(["OPENBLAS_NUM_THREADS": "1"]) { $1 },
      streams: .init(input: pipe.reading))
    close(pipe.reading)
    return pipe.writing
  }
}

/// The hosts of a launch and how they are reached.
package struct HostKeeper: Sendable {
  /// The hosts; empty for this machine alone.
  package var hosts: [RankHost]
  /// The program that runs a command on a host.
  package let agent: String
  /// The path of cnn-dist, the same on all hosts.
  package let executable: String

  /// Hosts, reached by an agent.
  package init(hosts: [RankHost], agent: String, executable: String) {
    (self.hosts, self.agent, self.executable) = (hosts, agent, executable)
  }

  /// Does the work on all hosts, at the same time; returns those on which it was done, in their order.
  @discardableResult
  package func each(_ work: HostCare, _ session: LaunchSession) -> [RankHost] {
    let done = Answers()
    DispatchQueue.concurrentPerform(iterations: hosts.count) { index in
      if work.run(on: hosts[index], agent: agent, executable: executable, session) { done.note(index) }
    }
    return done.indices.map { hosts[$0] }
  }
}

/// The indices of hosts that have answered, noted from several threads.
private final class Answers: Sendable {
  private let noted = Mutex<Set<Int>>([])

  /// All so far, ascending.
  var indices: [Int] { noted.withLock { $0.sorted() } }

  /// Notes one.
  func note(_ index: Int) { _ = noted.withLock { $0.insert(index) } }
}
