import Foundation

/// What one rank may use of its machine's processors.
package struct CoreClaim: Hashable, Sendable {
  /// The machine; equal for the ranks of one machine.
  package var machine: String
  /// The processors that the rank may run on, ascending.
  package var processors: [Int]
  /// The processor time that the rank's control group may use, in processors; nil without a limit.
  package var quota: Double?
  /// The control group with that limit; equal for ranks that share it.
  package var group: String

  /// A claim.
  package init(machine: String, processors: [Int], quota: Double? = nil, group: String = "") {
    self.machine = machine
    self.processors = processors
    self.quota = quota
    self.group = group
  }

  /// The claim of this process.
  package static var own: CoreClaim {
    let limit = ControlGroups.ownLimit
    return CoreClaim(
      machine: boot, processors: Affinity.ownProcessors, quota: limit?.processors, group: limit?.group ?? "")
  }

  /// The number of the kernel's start: one for all containers of a machine, which share its processors.
  private static var boot: String {
    let text = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
    return text?.trimmingCharacters(in: .whitespacesAndNewlines) ?? ProcessInfo.processInfo.hostName
  }

  /// The whole processors for each of these ranks, 1 at least.
  ///
  /// A processor that several ranks of a machine may run on is shared by them: ranks without a binding share all, a
  /// rank that is bound has its own. Processor time of a control group is shared by the ranks in it.
  package static func shares(of claims: [CoreClaim]) -> [Int] {
    var users: [String: [Int: Int]] = [:]
    var members: [String: Int] = [:]
    for claim in claims {
      for processor in claim.processors { users[claim.machine, default: [:]][processor, default: 0] += 1 }
      members[claim.groupOfMachine, default: 0] += 1
    }
    return claims.map { claim in
      let counts = claim.processors.map { users[claim.machine]?[$0] ?? 1 }
      let processors = counts.reduce(0.0) { $0 + 1 / Double($1) }
      let time = claim.quota.map { $0 / Double(members[claim.groupOfMachine] ?? 1) } ?? processors
      // A sum of thirds may end just below a whole number.
      return max(1, Int((min(processors, time) + 1e-6).rounded(.down)))
    }
  }

  private var groupOfMachine: String { "\(machine) \(group)" }
}

extension CoreClaim {
  /// The claim as a line of text, for the other ranks.
  package var line: String {
    let list = processors.map(String.init).joined(separator: ",")
    return [machine, list, quota.map { "\($0)" } ?? "", group].joined(separator: "\t")
  }

  /// The claim that another rank has written.
  package init?(line: String) {
    let parts = line.split(separator: "\t", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 4 else { return nil }
    self.init(
      machine: parts[0], processors: parts[1].split(separator: ",").compactMap { Int($0) }, quota: Double(parts[2]),
      group: parts[3])
  }
}

/// The processors that the system lets this process run on.
///
/// Source: proc(5) on /proc/self/status, and the kernel's documentation "CPU topology info", both in the format of
/// cpuset(7).
package enum Affinity {
  /// Their numbers, ascending; all of the machine where the system does not tell.
  static var ownProcessors: [Int] {
    let texts = ["/proc/self/status", "/sys/devices/system/cpu/online"].map {
      try? String(contentsOfFile: $0, encoding: .utf8)
    }
    let own = texts[0].map { processors(status: $0, online: texts[1]) } ?? []
    return own.isEmpty ? Array(0..<ProcessInfo.processInfo.activeProcessorCount) : own
  }

  /// The processors that a process may run on and that are there.
  ///
  /// - Parameters:
  ///   - status: the text of /proc/self/status. Its mask may name processors that could be plugged in.
  ///   - online: the list of those that are there; nil if it is not known.
  package static func processors(status: String, online: String?) -> [Int] {
    let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    let allowed = line.map { list(String($0.drop { $0 != ":" }.dropFirst())) } ?? []
    guard let present = online.map({ Set(list($0)) }), !present.isEmpty else { return allowed }
    return allowed.filter(present.contains)
  }

  /// "0-3,8" is 0, 1, 2, 3 and 8. What is no such list has no numbers.
  package static func list(_ text: String) -> [Int] {
    text.split { $0 == "," || $0.isWhitespace }.flatMap { part -> [Int] in
      let ends = part.split(separator: "-").compactMap { Int($0) }
      guard let first = ends.first, let last = ends.last, first <= last, last - first < 1 << 16 else { return [] }
      return Array(first...last)
    }
  }
}
