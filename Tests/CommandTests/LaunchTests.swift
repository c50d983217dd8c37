import Foundation
import TestSupport
import Testing

/// Ranks that were not started alike, processes that are one of several without knowing each other, and bindings.
@Suite(.serialized) struct LaunchTests {
  private func run(_ place: Workplace, _ words: [String]) throws -> Programs.Outcome {
    try Programs.run(words, in: place.path, deadline: 60)
  }

  /// Two ranks with arguments of their own under one mpirun.
  private func pair(_ place: Workplace, _ first: [String], _ second: [String]) throws -> Programs.Outcome {
    let program = try Programs.path(of: "cnn-dist")
    return try run(
      place, Programs.mpirun(ranks: 1, [program] + first) + [":", "-n", "1", program] + second)
  }

  private static let train = ["train"] + Workplace.sets(Workplace.tiny)

  @Test(.timeLimit(.minutes(4)))
  func `ranks of different commands end with one sentence that names both`() throws {
    try Workplace.run { place throws in
      _ = try place.hash("run")
      let evaluate = ["evaluate", "--checkpoint", "run/checkpoints/latest"]
      for (first, second) in [(Self.train, evaluate), (evaluate, Self.train)] {
        expectRefusal(
          try pair(place, first, second), ["cnn-dist train", "cnn-dist evaluate", "rank 0", "rank 1", "same command"])
      }
      #expect(!place.exists("runs"))
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `options that differ between ranks are refused with rank and values`() throws {
    try Workplace.run { place throws in
      let named = { (run: String) in Self.train + ["--run-dir", run] }
      expectRefusal(try pair(place, named("r1"), named("r2")), ["--run-dir", "rank 0: 'r1'", "rank 1: 'r2'"])
      expectRefusal(try pair(place, named("r1"), Self.train), ["--run-dir", "rank 1: not given"])
      let resume = named("r1") + ["--resume", "best"]
      expectRefusal(try pair(place, named("r1"), resume), ["--resume", "rank 1: 'best'"])
      expectRefusal(
        try pair(place, Self.train + ["--name", "a"], Self.train + ["--name", "b"]), ["--name", "rank 1: 'b'"])
      let evaluate = { (checkpoint: String) in ["evaluate", "--checkpoint", checkpoint] }
      expectRefusal(try pair(place, evaluate("a"), evaluate("b")), ["--checkpoint", "rank 1: 'b'"])
      #expect(!place.exists("r1") && !place.exists("r2") && !place.exists("runs"))
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `debug mode under mpirun is refused with the command to use`() throws {
    try Workplace.run { place throws in
      let words = ["train", "--debug", "--run-dir", "a b"] + Workplace.sets(Workplace.tiny)
      expectRefusal(
        try place.cnnDist(words, ranks: 2), ["--debug", "one process", "cnn-dist train --debug --run-dir 'a b'"])
      #expect(!place.exists("a b"))
      expectRefusal(try pair(place, Self.train, Self.train + ["--debug"]), ["cnn-dist train --debug", "rank 1"])
      #expect(try place.cnnDist(words, ranks: 1).status == 0, "one rank is one process")
    }
  }

  private static let slurm = ["SLURM_JOB_ID=7", "SLURM_NTASKS=2", "SLURM_PROCID=1", "SLURM_LOCALID=1"]
  private static let step = ["SLURM_STEP_ID=0", "SLURM_STEP_NUM_TASKS=2"]

  /// A run as a launcher would start it.
  private func start(_ place: Workplace, _ environment: [String], _ words: [String]) throws -> Programs.Outcome {
    try run(place, ["env"] + environment + [try Programs.path(of: "cnn-dist")] + words)
  }

  @Test(.timeLimit(.minutes(4)))
  func `one of several that cannot join the others does not train alone`() throws {
    try Workplace.run { place throws in
      let launchers = [
        (Self.slurm + Self.step, "srun --mpi=pmix"), (["WORLD_SIZE=2", "RANK=0"], "mpirun"),
        (["MV2_COMM_WORLD_SIZE=2", "MV2_COMM_WORLD_RANK=0"], "mpirun"), (["PALS_RANKID=3"], "mpirun"),
      ]
      for (environment, remedy) in launchers {
        expectRefusal(try start(place, environment, Self.train), ["cannot join", remedy, "--alone"])
        expectRefusal(try start(place, environment, ["evaluate", "--checkpoint", "x"]), ["cannot join", remedy])
      }
      #expect(!place.exists("runs"))
      let alone = try start(place, Self.slurm + Self.step, Self.train + ["--alone", "--run-dir", "run"])
      #expect(alone.status == 0, "\(alone.everything)")
      let scored = try start(
        place, Self.slurm + Self.step, ["evaluate", "--alone", "--checkpoint", "run/checkpoints/latest"])
      #expect(scored.status == 0, "\(scored.everything)")
    }
  }

  /// The variables of another MPI's launcher make a rank start MPI, which then finds itself alone.
  @Test(.timeLimit(.minutes(4)))
  func `a world of one rank where the launcher has started several is refused`() throws {
    try Workplace.run { place throws in
      let outcome = try start(place, ["PMI_SIZE=2", "PMI_RANK=0"], Self.train)
      expectRefusal(outcome, ["cannot join", "another MPI", "mpirun of Open MPI"])
      #expect(!place.exists("runs"))
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `a process in a batch script of several tasks trains`() throws {
    try Workplace.run { place throws in
      let batch = ["SLURM_JOB_ID=7", "SLURM_NTASKS=4", "SLURM_NPROCS=4", "SLURM_PROCID=0", "SLURM_NODEID=0"]
      let outcome = try start(place, batch, Self.train)
      #expect(outcome.status == 0, "\(outcome.everything)")
    }
  }

  @Test(.timeLimit(.minutes(4)), .enabled(if: ProcessInfo.processInfo.activeProcessorCount > 1))
  func `lanes are no more than the cores that the process may use, or it is said`() throws {
    try Workplace.run { place throws in
      let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
      let list = try #require(status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") })
      let core = try #require(list.split { !$0.isNumber }.first)
      let program = try Programs.path(of: "cnn-dist")
      let bound = { (run: String, lanes: String) in
        ["taskset", "-c", String(core), program] + Self.train + ["--set", "lanes=\(lanes)", "--run-dir", run]
      }
      let auto = try self.run(place, bound("auto", "auto"))
      #expect(auto.output.contains("1 rank x 1 lane,") && !auto.errors.contains("note:"), "\(auto.everything)")
      let fixed = try self.run(place, bound("fixed", "2"))
      #expect(fixed.output.contains("1 rank x 2 lanes,"), "\(fixed.everything)")
      #expect(fixed.errors.contains("note: 2 lanes share the 1 core "), "\(fixed.everything)")
      #expect(auto.lastLine.split(separator: " ").last == fixed.lastLine.split(separator: " ").last)
      // Each rank is bound to a core of its own; that is its share, and not to be divided once more.
      let words = ["mpirun", "--allow-run-as-root", "--bind-to", "core", "-n", "1", program]
      let rank = try self.run(place, words + Self.train + ["--set", "lanes=2", "--run-dir", "rank"])
      #expect(rank.everything.contains("note: 2 lanes share the 1 core "), "\(rank.everything)")
    }
  }
}
