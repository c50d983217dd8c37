import Foundation
import TestSupport
import Testing

/// Processes that may not have the memory that they want: a sentence in seconds, or success; never a hang or a crash.
@Suite(.serialized) struct MemoryLimitTests {
  /// A run of two steps on few samples.
  private static let short = [
    "data.train-count=300", "data.test-count=50", "train.steps=2", "train.global-batch=32", "train.micro-batch=4",
  ]

  /// Runs `cnn-dist` in a shell with limits; a process that does not end by itself is killed.
  private func limited(
    _ limits: String, _ arguments: [String], in place: Workplace
  ) throws -> Programs.Outcome {
    let program = try Programs.path(of: "cnn-dist")
    let words = ([program] + arguments).map { "'\($0)'" }.joined(separator: " ")
    return try Programs.run(
      ["bash", "-c", "\(limits); exec timeout -k 1 30 \(words)"], in: place.path, deadline: 45)
  }

  /// Success, or the refusal of `expectRefusal`.
  private func expectAnswer(_ outcome: Programs.Outcome, _ words: [String]) {
    if outcome.status != 0 { expectRefusal(outcome, words) }
  }

  /// From the smallest space in which the system's loader can put the program's libraries, in KiB.
  @Test(
    .timeLimit(.minutes(3)),
    arguments: [220_000, 260_000, 300_000, 350_000, 400_000, 500_000, 600_000, 1_000_000, 2_000_000], [1, 2])
  func `a limited address space is enough, or is told before anything is written`(kibibytes: Int, lanes: Int) throws {
    try Workplace.run { place throws in
      let outcome = try limited(
        "ulimit -v \(kibibytes)",
        ["train", "--run-dir", "run"] + Workplace.sets(Self.short + ["lanes=\(lanes)"]), in: place)
      expectAnswer(outcome, ["ulimit -v"])
      #expect(place.exists("run") == (outcome.status == 0), "\(outcome.everything)")
      if kibibytes >= 1_000_000 { #expect(outcome.status == 0, "\(outcome.everything)") }
    }
  }

  @Test(.timeLimit(.minutes(3)), arguments: [300_000, 1_000_000])
  func `other commands answer within a limited address space`(kibibytes: Int) throws {
    try Workplace.run { place throws in
      _ = try place.hash("run", ["train.steps=1"])
      for arguments in [
        ["evaluate", "--checkpoint", "run/checkpoints/latest"], ["plan", "resnet20"], ["--version"],
        ["bench", "step", "lenet5", "--seconds", "0.1", "--lanes", "2"], ["debug", "gradcheck", "mlp"],
        ["debug", "gradcheck", "vgg19"], ["debug", "operators", "dense", "--geometries", "1"], ["data", "info"],
      ] {
        let limit = arguments.last == "vgg19" ? min(kibibytes, 900_000) : kibibytes
        expectAnswer(try limited("ulimit -v \(limit)", arguments, in: place), ["memory"])
      }
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `a micro-batch that no memory holds is named, with what it takes and what there is`() throws {
    try Workplace.run { place throws in
      let huge = ["train.global-batch=1048576", "train.micro-batch=1048576", "train.steps=1", "lanes=1"]
      let limited = try limited(
        "ulimit -v 3000000", ["train", "--run-dir", "run"] + Workplace.sets(huge), in: place)
      expectRefusal(limited, ["memory", "train.micro-batch (now 1048576)", "arenas", "leaves"])
      // Without a limit: more than any machine has.
      let free = try place.cnnDist(
        ["train", "--run-dir", "run"] + Workplace.sets(huge + ["model=vgg19", "data.format=digits"]))
      expectRefusal(free, [])
      let bench = try place.cnnDist(
        ["bench", "step", "vgg19", "--micro-batch", "4096", "--lanes", "200", "--seconds", "0.1"])
      expectRefusal(bench, ["memory", "--micro-batch (now 4096)"])
      #expect(!place.exists("run"))
    }
  }

  /// Root is not held to a number of processes, so the limit is on the size of a stack here.
  @Test(.timeLimit(.minutes(4)))
  func `threads that cannot be started are told, not waited for`() throws {
    try Workplace.run { place throws in
      let outcome = try limited(
        "ulimit -s 4000000; ulimit -v 3000000",
        ["train", "--run-dir", "run"] + Workplace.sets(Self.short + ["lanes=2"]), in: place)
      expectRefusal(outcome, ["threads"])
    }
  }

  @Test(.timeLimit(.minutes(4)))
  func `no thread of OpenBLAS is started in a limited address space, and a process keeps its name`() throws {
    try Workplace.run { place throws in
      let program = try Programs.path(of: "cnn-dist")
      let job = try RunningProgram(
        ["bash", "-c", "ulimit -v 4000000; exec '\(program)' train --run-dir run --set lanes=1"], in: place.path)
      try job.await("run directory")
      let status = try String(contentsOfFile: "/proc/\(job.identifier)/status", encoding: .utf8)
      let environment = try String(contentsOfFile: "/proc/\(job.identifier)/environ", encoding: .utf8)
      kill(job.identifier, SIGKILL)
      _ = try job.finish()
      #expect(environment.contains("OPENBLAS_NUM_THREADS=1\0"))
      #expect(status.contains("Name:\tcnn-dist\n"))
    }
  }
}
