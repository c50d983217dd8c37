import Foundation

/// The memory that can be allocated without harm to other programs.
enum AvailableMemory {
  /// Bytes: what the kernel calls available, or else all that the machine has.
  static var bytes: Int {
    let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
    let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return kibibytes.map { $0 << 10 } ?? Int(clamping: ProcessInfo.processInfo.physicalMemory)
  }
}
