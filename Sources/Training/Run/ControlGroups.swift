import Foundation

/// Where control groups keep their limits (those of containers, of Kubernetes, of systemd), and the limit of processor
/// time among them; `MemoryLimits` reads that of memory.
///
/// Source: the kernel's documentation, "Control Group v2" (cpu.max), "CFS Bandwidth Control" (cpu.cfs_quota_us), and
/// proc(5) on /proc/self/cgroup and /proc/self/mountinfo.
package enum ControlGroups {
  /// A limit, and the group that has it.
  package struct Limit: Hashable, Sendable {
    /// Processor time a second, in processors.
    package let processors: Double
    /// The folder of the group.
    package let group: String
  }

  /// A folder that may hold a limit.
  package struct Place: Hashable, Sendable {
    /// The folder.
    package let folder: String
    /// Whether it is of version 2.
    package let isUnified: Bool
  }

  /// The tightest limit of this process; nil without one.
  static var ownLimit: Limit? {
    let read = { (path: String) in try? String(contentsOfFile: path, encoding: .utf8) }
    return tightest(places(of: "cpu", read: read), read: read)
  }

  /// The folders in which a controller keeps the limits of this process.
  ///
  /// - Parameters:
  ///   - controller: "cpu" or "memory".
  ///   - read: the text of a file of the system; nil if there is none.
  static func places(of controller: String, read: (String) -> String?) -> [Place] {
    guard let groups = read("/proc/self/cgroup"), let mounts = read("/proc/self/mountinfo") else { return [] }
    return places(of: controller, groups: groups, mounts: mounts)
  }

  /// The folders from a process's groups up to where they are mounted.
  ///
  /// - Parameters:
  ///   - controller: "cpu" or "memory".
  ///   - groups: the text of /proc/self/cgroup: "0::/path" for version 2, "4:cpu,cpuacct:/path" for version 1.
  ///   - mounts: the text of /proc/self/mountinfo.
  package static func places(of controller: String, groups: String, mounts: String) -> [Place] {
    let paths = groups.split(separator: "\n").compactMap { line -> (isUnified: Bool, path: String)? in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { return nil }
      if parts[0] == "0", parts[1].isEmpty { return (true, String(parts[2])) }
      return parts[1].split(separator: ",").contains(Substring(controller)) ? (false, String(parts[2])) : nil
    }
    return paths.flatMap { isUnified, path in
      mounts.split(separator: "\n").compactMap { Mount($0, of: controller) }.filter { $0.isUnified == isUnified }
        .flatMap { mount in mount.folders(to: path).map { Place(folder: $0, isUnified: isUnified) } }
    }
  }

  /// The tightest of the limits in these folders.
  package static func tightest(_ places: [Place], read: (String) -> String?) -> Limit? {
    let limits = places.compactMap { place -> Limit? in
      let processors =
        place.isUnified
        ? read("\(place.folder)/cpu.max").flatMap(unified)
        : legacy(quota: read("\(place.folder)/cpu.cfs_quota_us"), period: read("\(place.folder)/cpu.cfs_period_us"))
      return processors.map { Limit(processors: $0, group: place.folder) }
    }
    return limits.min { $0.processors < $1.processors }
  }

  /// "150000 100000" is one and a half processors, "max 100000" no limit.
  private static func unified(_ text: String) -> Double? {
    let words = text.split(whereSeparator: \.isWhitespace)
    guard words.count == 2 else { return nil }
    return processors(quota: Double(words[0]), period: Double(words[1]))
  }

  /// A quota of -1 is no limit.
  private static func legacy(quota: String?, period: String?) -> Double? {
    let numbers = [quota, period].map { $0.flatMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) } }
    return processors(quota: numbers[0], period: numbers[1])
  }

  private static func processors(quota: Double?, period: Double?) -> Double? {
    guard let quota, let period, quota.isFinite, quota > 0, period > 0 else { return nil }
    return quota / period
  }
}

/// Where a hierarchy of control groups with a controller is mounted.
private struct Mount {
  /// Whether it is of version 2.
  let isUnified: Bool
  /// The group that is mounted.
  private let root: String
  /// The folder that it is mounted at.
  private let point: String

  /// A line of /proc/self/mountinfo: "36 35 0:29 /root /point options tags - type source super-options"; nil for
  /// everything else that is mounted.
  init?(_ line: Substring, of controller: String) {
    let halves = line.split(separator: " ").split(separator: "-", maxSplits: 1).map(Array.init)
    guard halves.count == 2, halves[0].count >= 5, halves[1].count >= 3 else { return nil }
    switch halves[1][0] {
    case "cgroup2": isUnified = true
    case "cgroup" where halves[1][2].split(separator: ",").contains(Substring(controller)): isUnified = false
    default: return nil
    }
    (root, point) = (String(halves[0][3]), String(halves[0][4]))
  }

  /// The folders from a group up to the mounted one. A group that lies outside of what is mounted, as in a container
  /// that sees its own group alone, is the mounted one.
  func folders(to path: String) -> [String] {
    let below = root == "/" ? path : path.hasPrefix(root) ? String(path.dropFirst(root.count)) : ""
    let names = below.split(separator: "/").filter { $0 != ".." }
    return (0...names.count).reversed().map { ([point] + names.prefix($0).map(String.init)).joined(separator: "/") }
  }
}
