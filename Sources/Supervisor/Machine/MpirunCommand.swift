/// A flag of mpirun, with its values, and why it is there.
package struct MpirunFlag: Hashable, Sendable {
  /// The words, as in `--bind-to none`.
  package let words: [String]
  /// Why, as a phrase.
  package let reason: String

  /// A flag with its reason.
  package init(_ words: String..., because reason: String) { (self.words, self.reason) = (words, reason) }
}

/// What mpirun is started with for one try.
package struct MpirunCommand: Hashable, Sendable {
  /// mpirun itself.
  package let mpirun: String
  /// Its flags, in order.
  package let flags: [MpirunFlag]
  /// The program that the ranks run, and its arguments.
  package let program: [String]

  /// All words.
  package var words: [String] { [mpirun] + flags.flatMap(\.words) + program }

  /// The flags and their reasons in two columns, a line each.
  package var reasons: [String] {
    flags.map { flag in
      let words = ShellWords.text(flag.words)
      return "  " + words + String(repeating: " ", count: max(1, 50 - words.count)) + flag.reason
    }
  }

  /// The command for `ranks` ranks.
  ///
  /// - Parameters:
  ///   - request: what the user wants.
  ///   - ranks: processes of this try.
  ///   - hosts: where they run; empty for this machine alone.
  ///   - facts: this machine.
  ///   - session: what belongs to this launch.
  ///   - program: the words that each rank is started with.
  package init(
    _ request: LaunchRequest, ranks: Int, hosts: [RankHost], facts: MachineFacts, session: LaunchSession,
    program: [String]
  ) {
    mpirun = request.mpirun
    self.program = program
    var flags = [MpirunFlag("-n", "\(ranks)", because: "processes, each with a full replica of the model")]
    if !hosts.isEmpty {
      flags += Self.placing(hosts, agent: request.agent)
    } else if !facts.isOneOfSeveral {
      flags += Self.binding(ranks: ranks, cores: facts.cores)
    }
    flags += Self.peculiarities(facts)
    flags += Self.belongings(session, isOneOfSeveral: hosts.isEmpty && facts.isOneOfSeveral)
    if !request.mpirunOptions.isEmpty {
      flags.append(MpirunFlag(words: request.mpirunOptions, reason: "--mpirun-option"))
    }
    self.flags = flags
  }

  private static func binding(ranks: Int, cores: Int) -> [MpirunFlag] {
    if ranks > cores {
      return [
        MpirunFlag("--oversubscribe", because: "more ranks than cores (\(cores)); mpirun refuses without it"),
        MpirunFlag("--bind-to", "none", because: "ranks share cores, so none is tied to one"),
      ]
    }
    if 2 * ranks <= cores {
      return [
        MpirunFlag("--bind-to", "none", because: "several cores for each rank (\(cores) cores): its lanes move freely")
      ]
    }
    return [
      MpirunFlag("--bind-to", "core", because: "a core for each rank (\(cores) cores): it stays there, with its caches")
    ]
  }

  private static func placing(_ hosts: [RankHost], agent: String) -> [MpirunFlag] {
    var flags = [
      MpirunFlag(
        "--host", hosts.map(\.description).joined(separator: ","), because: "hosts that answered, and their slots"),
      MpirunFlag(
        "--bind-to", "none", because: "the cores of the hosts are not known here; their system places the lanes"),
      MpirunFlag("-x", LaunchSession.variable, because: "marks the ranks, so that none is left behind on a host"),
    ]
    if agent != LaunchRequest.usualAgent {
      flags.append(MpirunFlag("--mca", "plm_rsh_agent", agent, because: "how hosts are reached (--agent)"))
    }
    return flags
  }

  private static func peculiarities(_ facts: MachineFacts) -> [MpirunFlag] {
    var flags: [MpirunFlag] = []
    if facts.isRoot {
      flags.append(MpirunFlag("--allow-run-as-root", because: "you are root, and mpirun wants to be told"))
    }
    if !facts.mayReadMemory {
      flags.append(
        MpirunFlag(
          "--mca", "btl_vader_single_copy_mechanism", "none",
          because: "this container forbids reading another rank's memory"))
    }
    if facts.warnsAboutInfiniBand {
      flags.append(MpirunFlag("--mca", "btl", "^openib", because: "no InfiniBand here, and no warning about it"))
    }
    return flags
  }

  /// Open MPI's files of a job that was killed stay where they are; these folders are removed after each try.
  private static func belongings(_ session: LaunchSession, isOneOfSeveral: Bool) -> [MpirunFlag] {
    var flags = [
      MpirunFlag("--mca", "orte_tmpdir_base", session.folder, because: "Open MPI's files, removed at the end")
    ]
    // It has to be there on every machine, and on those of Slurm nobody makes it.
    if let folder = session.sharedMemory, !isOneOfSeveral {
      flags.append(
        MpirunFlag(
          "--mca", "btl_vader_backing_directory", folder, because: "shared memory of the ranks, removed at the end"))
    }
    return flags
  }
}

extension MpirunFlag {
  /// A flag of given words.
  fileprivate init(words: [String], reason: String) { (self.words, self.reason) = (words, reason) }
}
