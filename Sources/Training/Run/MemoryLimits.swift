import Foundation

/// What memory this process may take: what the machine has, what its control group allows (a container, a batch job),
/// and how much address space is left (ulimit -v and -d).
package struct MemoryLimits: Hashable, Sendable {
  /// Bytes that may still be mapped; nil without such a limit.
  package var addressSpace: Int?
  /// Bytes of memory that the machine has, or that the control group may use if that is less.
  package var whole: Int
  /// Whether the control group says so.
  package var isControlGroup = false
  /// Bytes that can be taken now without harm to other programs.
  package var available: Int

  /// Limits of a machine of so many bytes.
  package init(whole: Int, available: Int, addressSpace: Int? = nil) {
    self.whole = whole
    self.available = available
    self.addressSpace = addressSpace
  }

  /// The limits of this process, now.
  package static var current: MemoryLimits {
    var limits = MemoryLimits { try? String(contentsOfFile: $0, encoding: .utf8) }
    let spaces = [
      left(of: UInt32(RLIMIT_AS.rawValue), used: status("VmSize")),
      left(of: UInt32(RLIMIT_DATA.rawValue), used: status("VmData")),
    ]
    limits.addressSpace = spaces.compactMap(\.self).min()
    return limits
  }

  /// The limits of the machine and of the control group, without those of the process.
  ///
  /// - Parameter read: the text of a file of the system; nil if there is none.
  package init(read: (String) -> String?) {
    let machine = read("/proc/meminfo") ?? ""
    whole = Self.kibibytes("MemTotal", in: machine) ?? Int(clamping: ProcessInfo.processInfo.physicalMemory)
    available = Self.kibibytes("MemAvailable", in: machine) ?? whole
    for place in ControlGroups.places(of: "memory", read: read) {
      let files =
        place.isUnified ? ("memory.max", "memory.current") : ("memory.limit_in_bytes", "memory.usage_in_bytes")
      guard let limit = read("\(place.folder)/\(files.0)").flatMap(Self.number), limit < whole else { continue }
      let used = read("\(place.folder)/\(files.1)").flatMap(Self.number) ?? 0
      (whole, isControlGroup) = (limit, true)
      available = min(available, max(0, limit - used))
    }
  }

  /// Checks that something that is not a run can have its memory.
  ///
  /// - Parameter remedy: what to make smaller.
  /// - Throws: `RunError` with code `unusable`.
  package func check(_ bytes: Int, for what: String, remedy: String) throws(RunError) {
    let most = min(whole, addressSpace ?? .max)
    guard bytes > most else { return }
    throw RunError(
      .unusable,
      "\(what) needs about \(Display.bytes(bytes)) of memory, more than the \(Display.bytes(most)) that this process "
        + "may have; use a smaller \(remedy), a smaller model, or a larger machine or limit (ulimit -v)")
  }

  /// The number in a file of one; nil for "max".
  private static func number(_ text: String) -> Int? { Int(text.trimmingCharacters(in: .whitespacesAndNewlines)) }

  /// The bytes of a line such as "MemTotal:  16384 kB".
  private static func kibibytes(_ name: String, in text: String) -> Int? {
    let line = text.split(separator: "\n").first { $0.hasPrefix("\(name):") }
    return line?.split(separator: " ", omittingEmptySubsequences: true).dropFirst().first.flatMap { Int($0) }
      .map { $0 << 10 }
  }

  private static func status(_ name: String) -> Int {
    kibibytes(name, in: (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? "") ?? 0
  }

  /// What is left of a limit of the process; nil if it has none.
  private static func left(of resource: UInt32, used: Int) -> Int? {
    var limit = rlimit()
    guard unsafe getrlimit(__rlimit_resource_t(resource), &limit) == 0, limit.rlim_cur != rlim_t.max else { return nil }
    return max(0, Int(clamping: limit.rlim_cur) - used)
  }
}
