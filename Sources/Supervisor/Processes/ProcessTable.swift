import Foundation

/// The processes of this machine that belong to a launch: those with its name in their environment or their arguments,
/// whoever their parent is by now.
///
/// Source: proc(5), /proc/pid/environ, cmdline and comm. The memory of a process that has ended is gone, so a zombie is
/// not found.
package enum ProcessTable {
  /// A process.
  package struct Entry: Hashable, Sendable {
    /// Its number.
    package let identifier: Int32
    /// The name of its program, of 15 characters at most.
    package let name: String

    /// Whether it is Open MPI's, which ends the ranks of other hosts when it is asked to end.
    package var isDaemon: Bool { ["mpirun", "orterun", "orted"].contains(name) }
  }

  /// The processes of the launch with this name, without this process and those that look after launches.
  package static func processes(of launch: String) -> [Entry] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { $0 != getpid() && belongs($0, to: launch) }
      .map { Entry(identifier: $0, name: text($0, "comm").trimmingCharacters(in: .newlines)) }
  }

  private static func belongs(_ number: Int32, to launch: String) -> Bool {
    let command = text(number, "cmdline")
    if command.contains(HostCare.command) { return false }
    return command.contains(launch) || text(number, "environ").contains("\(LaunchSession.variable)=\(launch)")
  }

  private static func text(_ number: Int32, _ file: String) -> String {
    String(decoding: FileManager.default.contents(atPath: "/proc/\(number)/\(file)") ?? Data(), as: UTF8.self)
  }

  /// Ends all processes of a launch: the ranks at once, Open MPI's daemons after a moment in which they can tell those
  /// of other hosts.
  ///
  /// - Returns: those that are still there, which happens where the system itself does not let go of them.
  @discardableResult
  package static func end(_ launch: String) -> [Entry] {
    for process in processes(of: launch) { kill(process.identifier, process.isDaemon ? SIGTERM : SIGKILL) }
    if waitForEnd(of: launch, seconds: 3).isEmpty { return [] }
    for process in processes(of: launch) { kill(process.identifier, SIGKILL) }
    return waitForEnd(of: launch, seconds: 5)
  }

  private static func waitForEnd(of launch: String, seconds: Double) -> [Entry] {
    let started = ContinuousClock.now
    var left = processes(of: launch)
    while !left.isEmpty, ContinuousClock.now - started < .seconds(seconds) {
      usleep(20_000)
      left = processes(of: launch)
    }
    return left
  }
}
