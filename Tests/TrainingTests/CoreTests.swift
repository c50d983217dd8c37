import Collectives
import Testing
import Training

/// The cores that a rank may use: those that the system lets it run on, its control group's processor time, and fair
/// shares of both.
@Suite struct CoreTests {
  private func claim(
    _ processors: [Int], on machine: String = "a", quota: Double? = nil, group: String = ""
  ) -> CoreClaim {
    CoreClaim(machine: machine, processors: processors, quota: quota, group: group)
  }

  @Test func `ranks without a binding share the machine, bound ranks keep their own`() {
    #expect(CoreClaim.shares(of: [claim(Array(0..<8))]) == [8])
    #expect(CoreClaim.shares(of: Array(repeating: claim(Array(0..<8)), count: 4)) == [2, 2, 2, 2])
    #expect(CoreClaim.shares(of: (0..<4).map { claim([$0]) }) == [1, 1, 1, 1])
    #expect(CoreClaim.shares(of: [claim([0, 1]), claim([0, 1]), claim([2, 3]), claim([2, 3])]) == [1, 1, 1, 1])
    #expect(CoreClaim.shares(of: [claim([0, 1, 2, 3]), claim([4, 5, 6, 7])]) == [4, 4])
  }

  @Test func `nobody has less than one, and no more are given than there are`() {
    #expect(CoreClaim.shares(of: Array(repeating: claim([0, 1]), count: 5)) == [1, 1, 1, 1, 1])
    #expect(CoreClaim.shares(of: Array(repeating: claim(Array(0..<9)), count: 3)) == [3, 3, 3])
    #expect(CoreClaim.shares(of: Array(repeating: claim(Array(0..<8)), count: 3)) == [2, 2, 2])
    // The first may run beside the second on one of its cores.
    #expect(CoreClaim.shares(of: [claim([0, 1, 2, 3]), claim([0, 1])]) == [3, 1])
    #expect(CoreClaim.shares(of: [claim([])]) == [1])
  }

  @Test func `machines do not share`() {
    let claims = [claim([0, 1]), claim([0, 1], on: "b"), claim([0, 1], on: "b")]
    #expect(CoreClaim.shares(of: claims) == [2, 1, 1])
  }

  @Test func `processor time is shared by the ranks of a control group`() {
    let all = Array(0..<16)
    #expect(CoreClaim.shares(of: [claim(all, quota: 4)]) == [4])
    #expect(CoreClaim.shares(of: [claim(all, quota: 2.9)]) == [2])
    #expect(CoreClaim.shares(of: [claim(all, quota: 0.5)]) == [1])
    #expect(CoreClaim.shares(of: Array(repeating: claim(all, quota: 4, group: "g"), count: 2)) == [2, 2])
    #expect(CoreClaim.shares(of: [claim(all, quota: 4, group: "g"), claim(all, quota: 3, group: "h")]) == [4, 3])
    #expect(CoreClaim.shares(of: [claim([0], quota: 4)]) == [1])
  }

  @Test(.timeLimit(.minutes(4)))
  func `all ranks find the same shares`() throws {
    let claims = [claim([0, 1, 2]), claim([3], quota: 0.7, group: "/sys/fs/x y\tz"), claim([0, 1, 2])]
    let budgets = try ThreadCluster.run(ranks: 3) { try CoreBudget($0, claim: claims[$0.rank]) }
    #expect(budgets.map(\.own) == [1, 1, 1])
    #expect(budgets.allSatisfy { $0.all == CoreClaim.shares(of: claims) })
    for claim in claims { #expect(CoreClaim(line: claim.line) == claim) }
    #expect(CoreClaim(line: "nonsense") == nil)
  }

  @Test func `lanes without cores are said, with the remedy`() throws {
    #expect(CoreBudget(alone: 2).shortage(lanes: 2) == nil)
    let alone = try #require(CoreBudget(alone: 1).shortage(lanes: 2))
    #expect(alone.contains("2 lanes share the 1 core ") && alone.contains("taskset"), "\(alone)")
    let bound = try ThreadCluster.run(ranks: 2) { try CoreBudget($0, claim: claim([$0.rank])) }[0]
    let both = try #require(bound.shortage(lanes: 2))
    #expect(both.contains("each rank") && both.contains("--bind-to none") && both.contains("PE=2"), "\(both)")
    let uneven = try ThreadCluster.run(ranks: 2) { try CoreBudget($0, claim: claim($0.rank == 0 ? [0, 1] : [2])) }[0]
    #expect(try #require(uneven.shortage(lanes: 2)).contains("rank 1 "))
  }

  @Test func `lists of processors are read as the system writes them`() {
    #expect(Affinity.list("0-3,8,10-11\n") == [0, 1, 2, 3, 8, 10, 11])
    #expect(Affinity.list("5") == [5])
    #expect(Affinity.list("") == [])
    #expect(Affinity.list("x, 3-1, 2") == [2])
    let status = "Name:\tcnn-dist\nCpus_allowed:\tff\nCpus_allowed_list:\t0-7\nMems_allowed_list:\t0\n"
    #expect(Affinity.processors(status: status, online: "0-1") == [0, 1], "what may be plugged in is not there")
    #expect(Affinity.processors(status: status, online: nil) == Array(0..<8))
    #expect(Affinity.processors(status: "", online: "0-1") == [])
    #expect(!CoreClaim.own.processors.isEmpty && !CoreClaim.own.machine.isEmpty)
  }
}

/// Control groups, as the kernel shows them in its two versions.
@Suite struct ControlGroupTests {
  private static let unified = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n"
  private static let legacy = """
    25 18 0:22 / /sys/fs/cgroup rw shared:8 - tmpfs tmpfs rw,mode=755
    32 25 0:28 / /sys/fs/cgroup/cpu,cpuacct rw shared:12 - cgroup cgroup rw,cpu,cpuacct
    33 25 0:29 / /sys/fs/cgroup/memory rw shared:13 - cgroup cgroup rw,memory

    """

  private func limit(_ groups: String, _ mounts: String, _ files: [String: String]) -> ControlGroups.Limit? {
    ControlGroups.tightest(ControlGroups.places(of: "cpu", groups: groups, mounts: mounts)) { files[$0] }
  }

  @Test func `the group's own limit counts, and those of all groups above it`() {
    let groups = "0::/user.slice/job.scope\n"
    let top = "/sys/fs/cgroup/user.slice"
    let files = ["\(top)/job.scope/cpu.max": "max 100000\n", "\(top)/cpu.max": "150000 100000\n"]
    #expect(limit(groups, Self.unified, files)?.processors == 1.5)
    #expect(limit(groups, Self.unified, files)?.group == top)
    let tighter = files.merging(["\(top)/job.scope/cpu.max": "50000 100000\n"]) { $1 }
    #expect(limit(groups, Self.unified, tighter)?.processors == 0.5)
    #expect(limit(groups, Self.unified, [:]) == nil)
    #expect(limit("0::/\n", Self.unified, ["/sys/fs/cgroup/cpu.max": "200000 100000"])?.processors == 2)
  }

  @Test func `the older version has a quota and a period`() {
    let groups = "4:memory:/x\n3:cpu,cpuacct:/box/a\n0::/\n"
    let folder = "/sys/fs/cgroup/cpu,cpuacct/box"
    let files = [
      "\(folder)/a/cpu.cfs_quota_us": "-1\n", "\(folder)/a/cpu.cfs_period_us": "100000\n",
      "\(folder)/cpu.cfs_quota_us": "300000\n", "\(folder)/cpu.cfs_period_us": "100000\n",
    ]
    #expect(limit(groups, Self.legacy, files)?.processors == 3)
    #expect(limit(groups, Self.legacy, files.filter { !$0.key.contains("box/cpu") }) == nil, "-1 is no limit")
  }

  /// A container sees its own group at the mount's root, be it with the path of the machine or with its own.
  @Test func `a container's limit is found at the root of what it sees`() {
    let mount = "30 23 0:26 /docker/abc /sys/fs/cgroup rw - cgroup2 cgroup rw\n"
    for groups in ["0::/docker/abc\n", "0::/elsewhere\n", "0::/../../x\n"] {
      #expect(limit(groups, mount, ["/sys/fs/cgroup/cpu.max": "100000 100000"])?.processors == 1, "\(groups)")
    }
    #expect(
      limit("0::/docker/abc/in\n", mount, ["/sys/fs/cgroup/in/cpu.max": "100000 50000"])?.processors == 2)
  }

  @Test(arguments: ["", "max", "0 100000", "-5 100000", "100000 0", "nan 100000", "inf 100000", "1 2 3", "x y"])
  func `what is no limit is none`(text: String) {
    #expect(limit("0::/\n", Self.unified, ["/sys/fs/cgroup/cpu.max": text]) == nil)
  }

  @Test func `other texts have no groups`() {
    #expect(ControlGroups.places(of: "cpu", groups: "nonsense\n::\n", mounts: Self.unified).isEmpty)
    #expect(ControlGroups.places(of: "cpu", groups: "0::/a\n", mounts: "nonsense\n- - -\n").isEmpty)
  }
}
