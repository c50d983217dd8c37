import CProcess
import Foundation

/// What mpirun has to know about this machine.
package struct MachineFacts: Hashable, Sendable {
  /// Cores as mpirun counts them: the hardware threads of one core count once, and only what this process may use.
  package var cores: Int
  /// Whether this process runs as root.
  package var isRoot = false
  /// Whether one process may read the memory of another.
  package var mayReadMemory = true
  /// Whether Open MPI would look for InfiniBand by its old module and warn that there is none.
  package var warnsAboutInfiniBand = false
  /// Whether Slurm has given this job several machines, on which mpirun then starts ranks by itself.
  package var isOneOfSeveral = false

  /// The facts of a machine with so many cores, without peculiarities.
  package init(cores: Int) { self.cores = cores }

  /// The facts of this machine.
  package static func probe() -> MachineFacts {
    let read = { (path: String) in try? String(contentsOfFile: path, encoding: .utf8) }
    let allowed = allowedProcessors(status: read("/proc/self/status") ?? "")
    var facts = MachineFacts(cores: allowed.isEmpty ? ProcessInfo.processInfo.activeProcessorCount : 0)
    if !allowed.isEmpty { facts.cores = cores(of: allowed, read: read) }
    facts.isRoot = geteuid() == 0
    facts.mayReadMemory = cprocess_may_read_child() != 0
    facts.warnsAboutInfiniBand =
      !FileManager.default.fileExists(atPath: "/sys/class/infiniband")
      && looksForInfiniBand(
        settings: Command.output(["ompi_info", "--parsable", "--param", "btl", "all", "--level", "9"]))
    facts.isOneOfSeveral = Int(ProcessInfo.processInfo.environment["SLURM_JOB_NUM_NODES"] ?? "").map { $0 > 1 } ?? false
    return facts
  }

  /// The processors that a process may run on.
  ///
  /// - Parameter status: the text of /proc/self/status, with a line such as "Cpus_allowed_list: 0-3,8".
  package static func allowedProcessors(status: String) -> [Int] {
    let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
    let ranges = line?.split(separator: ":").last?.split(separator: ",") ?? []
    return ranges.flatMap { range -> [Int] in
      let ends = range.split(separator: "-").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
      guard let first = ends.first, let last = ends.last, first <= last else { return [] }
      return Array(first...last)
    }
  }

  /// The number of cores that these processors belong to. A processor of which nothing is known is a core.
  ///
  /// - Parameters:
  ///   - processors: their numbers.
  ///   - read: the text of a file of the system; nil if there is none.
  package static func cores(of processors: [Int], read: (String) -> String?) -> Int {
    let names = processors.map { number -> String in
      let topology = "/sys/devices/system/cpu/cpu\(number)/topology"
      guard let core = read("\(topology)/core_id"), let package = read("\(topology)/physical_package_id") else {
        return "processor \(number)"
      }
      return "\(package) \(core)"
    }
    return Set(names).count
  }

  /// Whether Open MPI has the module `openib` and nothing forbids it. Debian's settings leave it out already; a
  /// selection that is there is not touched.
  ///
  /// - Parameter settings: what `ompi_info --parsable` prints about its byte-transfer layers; nil if it is not there.
  package static func looksForInfiniBand(settings: String?) -> Bool {
    guard let settings else { return false }
    let lines = settings.split(separator: "\n")
    return lines.contains { $0.hasPrefix("mca:btl:openib:version") }
      && lines.contains("mca:btl:base:param:btl:value:")
      && !lines.contains("mca:btl:base:param:btl_base_warn_component_unused:value:0")
  }
}
