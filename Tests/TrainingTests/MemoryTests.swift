import Collectives
import Kernels
import Planner
import Testing
import Training

/// The memory that a run takes against what can be had.
@Suite struct MemoryTests {
  private static let machine = "MemTotal:  16000 kB\nMemFree:  100 kB\nMemAvailable:  8000 kB\n"

  private func limits(_ files: [String: String]) -> MemoryLimits {
    MemoryLimits { path in path == "/proc/meminfo" ? Self.machine : files[path] }
  }

  @Test func `a machine without control groups has what it says`() {
    let limits = limits([:])
    #expect(limits.whole == 16000 << 10 && limits.available == 8000 << 10 && !limits.isControlGroup)
  }

  @Test func `the smallest of all groups around the process counts, in both versions`() {
    let second = limits([
      "/proc/self/cgroup": "0::/job/task\n",
      "/proc/self/mountinfo": "25 23 0:21 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
      "/sys/fs/cgroup/job/task/memory.max": "max\n",
      "/sys/fs/cgroup/job/memory.max": "4096000\n", "/sys/fs/cgroup/job/memory.current": "96000\n",
      "/sys/fs/cgroup/memory.max": "9000000\n",
    ])
    #expect(second.whole == 4_096_000 && second.available == 4_000_000 && second.isControlGroup)
    let first = limits([
      "/proc/self/cgroup": "3:cpu,cpuacct:/x\n2:memory:/job\n",
      "/proc/self/mountinfo": "30 25 0:26 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
      "/sys/fs/cgroup/memory/job/memory.limit_in_bytes": "1000000\n",
      "/sys/fs/cgroup/memory/job/memory.usage_in_bytes": "1200000\n",
      "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    ])
    #expect(first.whole == 1_000_000 && first.available == 0 && first.isControlGroup)
  }

  @Test func `the limits of this process are those of a machine`() {
    let limits = MemoryLimits.current
    #expect(limits.whole > 1 << 26 && limits.available > 0 && limits.available <= limits.whole)
  }

  private func check(ranks: Int = 1) throws -> MemoryCheck {
    let plan = try Planner.plan(LittleRun.network, options: PlanOptions(microBatch: 4, microBatches: 8))
    var check = MemoryCheck(RankMemory(plan: plan, lanes: 2), setting: "train.micro-batch (now 4)")
    (check.ranks, check.bytes) = (ranks, ranks * check.bytes)
    return check
  }

  @Test func `what fits is not spoken of, and what is tight is`() throws {
    let check = try check()
    #expect(try check.note(MemoryLimits(whole: check.bytes, available: check.bytes)) == nil)
    let note = try check.note(MemoryLimits(whole: check.bytes, available: check.bytes - 1))
    #expect(note?.contains("free") == true && note?.contains("train.micro-batch (now 4)") == true)
  }

  @Test(arguments: [1, 3])
  func `what does not fit is refused, with sizes and remedy`(ranks: Int) throws {
    let check = try check(ranks: ranks)
    let error = #expect(throws: RunError.self) {
      try check.note(MemoryLimits(whole: check.bytes - 1, available: check.bytes - 1))
    }
    #expect(error?.code == .unusable)
    for word in ["memory", "train.micro-batch (now 4)", "arenas", "the machine has"] {
      #expect(error?.description.contains(word) == true, "\(error?.description ?? "")")
    }
    #expect(error?.description.contains("3 ranks") == (ranks == 3))
    var group = MemoryLimits(whole: check.bytes - 1, available: 0)
    group.isControlGroup = true
    let other = #expect(throws: RunError.self) { try check.note(group) }
    #expect(other?.description.contains("control group") == true)
  }

  @Test func `a limit of the address space is named`() throws {
    let check = try check()
    let plenty = 1 << 40
    let most = check.memory.addressSpace
    #expect(try check.note(MemoryLimits(whole: plenty, available: plenty, addressSpace: most)) == nil)
    let error = #expect(throws: RunError.self) {
      try check.note(MemoryLimits(whole: plenty, available: plenty, addressSpace: most - 1))
    }
    #expect(error?.code == .unusable && error?.description.contains("ulimit -v") == true)
  }

  @Test(.timeLimit(.minutes(4)), arguments: [1, 3])
  func `all ranks of a machine are counted together`(ranks: Int) throws {
    let blueprint = try LittleRun.blueprint()
    let notes = try ThreadCluster.run(ranks: ranks, deadline: .seconds(60)) { communicator in
      try MemoryCheck.settle(blueprint, lanes: 1, communicator)
    }
    #expect(notes.allSatisfy { $0.isEmpty })
  }

  @Test func `ranks share the momentum and the lanes add arenas`() throws {
    let plan = try Planner.plan(LittleRun.network, options: PlanOptions(microBatch: 4, microBatches: 8))
    let (alone, third) = (RankMemory(plan: plan, lanes: 1), RankMemory(plan: plan, lanes: 1, rank: 1, ranks: 3))
    #expect(third.optimizer == alone.optimizer / 3 && third.arenas == alone.arenas)
    #expect(RankMemory(plan: plan, lanes: 2).arenas == 2 * alone.arenas)
  }
}
