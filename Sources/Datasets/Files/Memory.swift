import Foundation

/// Large pieces of memory. Swift's arrays end the process when there is no memory for them.
enum Memory {
  private static let smallest = 1 << 24

  /// Fails, naming `purpose`, if `count` bytes in one piece cannot be had. Small pieces are not looked at.
  static func check(_ count: Int, for purpose: @autoclosure () -> String) throws(DatasetError) {
    guard count >= smallest else { return }
    guard count < 1 << 46, let piece = unsafe malloc(count) else { throw shortage(count, purpose()) }
    unsafe free(piece)
  }

  /// What can be allocated without harm to other programs, in bytes: what the kernel calls available.
  static var available: Int {
    let text = (try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8)) ?? ""
    let line = text.split(separator: "\n").first { $0.hasPrefix("MemAvailable:") }
    let kibibytes = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
    return kibibytes.map { $0 << 10 } ?? Int(clamping: ProcessInfo.processInfo.physicalMemory)
  }

  /// The error of `check`.
  static func shortage(_ count: Int, _ purpose: String) -> DatasetError {
    DatasetError(
      "\(purpose): \(count) bytes of memory are needed in one piece and cannot be had; allow this process more memory")
  }
}
