import Foundation
import Supervisor
import Testing

/// What mpirun is started with.
@Suite struct MpirunCommandTests {
  private static let session = LaunchSession(name: "cnn-dist-launch-test", temporary: "/tmp")

  private static func words(
    ranks: Int, hosts: [RankHost] = [], agent: String = "ssh", _ change: (inout MachineFacts) -> Void = { _ in }
  ) -> String {
    var facts = MachineFacts(cores: 4)
    change(&facts)
    let job = RankJob(words: ["train"], runDirectory: "run")
    var request = LaunchRequest(ranks: ranks, executable: "/bin/cnn-dist", job: job)
    request.agent = agent
    let command = MpirunCommand(
      request, ranks: ranks, hosts: hosts, facts: facts, session: session, program: ["/bin/cnn-dist"] + job.start)
    #expect(command.reasons.count == command.flags.count)
    return ShellWords.text(command.words)
  }

  @Test(arguments: [(1, "--bind-to none"), (2, "--bind-to none"), (3, "--bind-to core"), (4, "--bind-to core")])
  func `ranks get their cores`(ranks: Int, binding: String) {
    let words = Self.words(ranks: ranks)
    #expect(words.hasPrefix("mpirun -n \(ranks) \(binding) ") && !words.contains("oversubscribe"))
    #expect(words.hasSuffix("/bin/cnn-dist train --run-dir run"))
  }

  @Test func `more ranks than cores share them`() {
    #expect(Self.words(ranks: 5).hasPrefix("mpirun -n 5 --oversubscribe --bind-to none "))
  }

  @Test func `each peculiarity of a machine has its flag`() {
    #expect(Self.words(ranks: 1) { $0.isRoot = true }.contains("--allow-run-as-root"))
    #expect(Self.words(ranks: 1) { $0.mayReadMemory = false }.contains("--mca btl_vader_single_copy_mechanism none"))
    #expect(Self.words(ranks: 1) { $0.warnsAboutInfiniBand = true }.contains("--mca btl ^openib"))
  }

  @Test func `hosts, their slots and what reaches them are named`() {
    let words = Self.words(ranks: 3, hosts: [RankHost("a", slots: 2), RankHost("b", slots: 1)], agent: "/bin/reach")
    #expect(words.contains("--host a:2,b:1 ") && words.contains("--mca plm_rsh_agent /bin/reach"))
  }

  @Test func `in a job of several machines Slurm places the ranks`() {
    let words = Self.words(ranks: 9) { $0.isOneOfSeveral = true }
    #expect(!words.contains("oversubscribe") && !words.contains("bind-to") && !words.contains("vader"))
  }

  @Test func `hosts are read from lists and files`() throws {
    let expected = [RankHost("a", slots: 2), RankHost("b.example", slots: 1)]
    #expect(try RankHost.list("a:2,b.example") == expected)
    #expect(try RankHost.file("# two\na slots=2\n\nb.example # one\n", path: "hosts") == expected)
  }

  @Test(arguments: ["", "a:", "a:0", "a:x", "a:1:2", "a,,b", "-oProxyCommand=x", "a b", "a:1,a:2"])
  func `a list of hosts that is none is refused`(text: String) {
    #expect(throws: LaunchError.self) { try RankHost.list(text) }
  }

  @Test(arguments: ["a slot=2", "a slots=0", "a slots=2 x", "", "# nothing\n", "a\na"])
  func `a file of hosts that is none is refused`(text: String) {
    #expect(throws: LaunchError.self) { try RankHost.file(text, path: "hosts") }
  }

  @Test func `hardware threads of one core count once`() {
    #expect(MachineFacts.allowedProcessors(status: "Name:\tx\nCpus_allowed_list:\t0-2,8\n") == [0, 1, 2, 8])
    let cores = MachineFacts.cores(of: [0, 1, 2, 3, 9]) { path in
      let parts = path.split(separator: "/")
      guard let number = Int(parts[4].dropFirst(3)), number < 4 else { return nil }
      return parts.last == "core_id" ? "\(number / 2)\n" : "0\n"
    }
    #expect(cores == 3)
  }

  @Test func `InfiniBand is looked for where its module is there and nothing forbids it`() {
    let module = "mca:btl:openib:version:mca:2.1.0\n"
    #expect(MachineFacts.looksForInfiniBand(settings: module + "mca:btl:base:param:btl:value:\n"))
    #expect(!MachineFacts.looksForInfiniBand(settings: module + "mca:btl:base:param:btl:value:^openib\n"))
    #expect(!MachineFacts.looksForInfiniBand(settings: "mca:btl:base:param:btl:value:\n"))
    #expect(!MachineFacts.looksForInfiniBand(settings: nil))
  }

  @Test func `facts of this machine can be had`() {
    let facts = MachineFacts.probe()
    #expect(facts.cores >= 1 && facts.isRoot == (geteuid() == 0))
  }

  @Test(arguments: [
    ["train", "my.yaml", "--run-dir", "x", "--set", "a=b"], ["train", "my.yaml", "--name=x", "--set", "a=b"],
    ["train", "my.yaml", "--resume", "best", "--set", "a=b"],
    ["train", "my.yaml", "--chaos", "kill=0@1", "--set", "a=b"], ["train", "my.yaml", "--resume=auto", "--set", "a=b"],
  ])
  func `a restart goes on in the same directory`(words: [String]) {
    let job = RankJob(words: words, runDirectory: "r")
    #expect(job.resumption == ["train", "my.yaml", "--set", "a=b", "--run-dir", "r", "--resume", "auto"])
    #expect(job.start.contains("--resume") == words.contains("--resume"))
    #expect(job.start.suffix(2) == ["--run-dir", "r"])
  }

  @Test func `other commands are run again as they are`() {
    let job = RankJob(words: ["evaluate", "--checkpoint", "c"], runDirectory: nil)
    #expect(job.start == job.words && job.resumption == job.words)
  }

  @Test func `signals ask to stop once, and to end when they are repeated`() {
    var requests = StopRequests()
    let start = ContinuousClock.now
    #expect(requests.wish(SIGUSR1, at: start) == .save)
    #expect(requests.wish(SIGTERM, at: start) == .stop)
    #expect(requests.wish(SIGHUP, at: start + .seconds(1)) == .nothing)
    #expect(requests.wish(SIGTERM, at: start + .milliseconds(50)) == .nothing)
    #expect(requests.wish(SIGINT, at: start + .milliseconds(500)) == .endNow)
    #expect(requests.first?.number == SIGTERM)
  }
}
