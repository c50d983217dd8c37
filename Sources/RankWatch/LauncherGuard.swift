import Foundation

/// Ends the launcher's own process where it would wait for ever.
///
/// When the link to a host is dead, neither mpirun nor its daemon on that host ends when its ranks do: each waits for a
/// word of the other. The ranks know better, but they are about to end; so each leaves a small process behind that
/// looks again.
enum LauncherGuard {
  /// The names of Open MPI's processes that start ranks.
  private static let names = ["mpirun", "orterun", "orted", "prterun", "prted"]
  /// Seconds that the launcher gets to end by itself.
  private static let grace = 6

  /// Has the process that started this one killed if it still runs some seconds after this one has ended.
  static func endLauncherLater() {
    let launcher = getppid()
    let name = (try? String(contentsOfFile: "/proc/\(launcher)/comm", encoding: .utf8))?.trimmingCharacters(
      in: .newlines)
    guard let name, names.contains(name) else { return }
    let script =
      "sleep \(grace); [ \"$(cat /proc/\(launcher)/comm 2>/dev/null)\" = \(name) ] && kill -KILL \(launcher)"
    let process = Process()
    // In a session of its own, as the launcher kills the groups of its ranks.
    process.executableURL = URL(fileURLWithPath: "/usr/bin/setsid")
    process.arguments = ["--fork", "sh", "-c", script]
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return }
    process.waitUntilExit()
  }
}
