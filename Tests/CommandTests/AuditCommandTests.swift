import Foundation
import TestSupport
import Testing

/// `cnn-dist audit` and `cnn-dist debug diff` as users call them.
@Suite(.serialized) struct AuditCommandTests {
  @Test(.timeLimit(.minutes(6)))
  func `a run that was killed 20 times and went on with other ranks passes`() throws {
    let settings = ["train.steps=2000", "checkpoint.every-steps=7", "evaluate.every-epochs=null"]
    try Workplace.run { place throws in
      var random = SystemRandomNumberGenerator()
      var kills = 0
      for _ in 0..<60 where kills < 20 {
        let ranks = Int.random(in: 1...4, using: &random)
        let options = place.exists("killed") ? ["--resume"] : []
        let job = try place.start(
          ["train", "--run-dir", "killed"] + options + Workplace.sets(Workplace.tiny + settings), ranks: ranks)
        // A run that goes on changes its ledger first when it cuts it back, then with each step.
        let before = size(place)
        for _ in 0..<3000 where job.isRunning && size(place) == before { usleep(10_000) }
        usleep(UInt32.random(in: 0...150_000, using: &random))
        if job.isRunning { kills += 1 }
        // The ranks are children of mpirun; it ends with them.
        _ = try Programs.run(["pkill", "-KILL", "-P", "\(job.identifier)"])
        _ = try job.finish(deadline: 60)
      }
      #expect(kills == 20)
      let hash = try place.hash("killed", settings, ranks: 2, options: ["--resume"])
      let outcome = try place.cnnDist(["audit", "killed", "--sample", "32"], deadline: 180)
      #expect(outcome.status == 0 && outcome.lastLine.hasPrefix("PASSED "), "\(outcome.everything)")
      #expect(outcome.output.contains("2,000 lines") && outcome.output.contains(hash), "\(outcome.output)")
      // An undisturbed run is the same run.
      #expect(try place.hash("whole", settings, ranks: 3) == hash)
      let whole = try place.cnnDist(["audit", "whole", "--seed", "9"], deadline: 180)
      #expect(whole.lastLine == outcome.lastLine, "\(whole.everything)")
      let equal = try place.cnnDist(["debug", "diff", "killed", "whole"], deadline: 120)
      #expect(equal.status == 0 && equal.output.contains("equal in the 2,000 steps"), "\(equal.everything)")
      var lines = try place.text("killed/ledger.jsonl").split(separator: "\n").map(String.init)
      lines.swapAt(500, 1400)
      try place.write(lines.joined(separator: "\n") + "\n", to: "killed/ledger.jsonl")
      let caught = try place.cnnDist(["audit", "killed", "--no-data", "--json"])
      #expect(caught.status == 1, "\(caught.everything)")
      #expect(caught.output.contains("line 501 tells of step 1400") && caught.output.contains("\"passed\":false"))
    }
  }

  private func size(_ place: Workplace) -> Int? {
    let attributes = try? FileManager.default.attributesOfItem(atPath: place.path + "/killed/ledger.jsonl")
    return attributes?[.size] as? Int
  }

  @Test(.timeLimit(.minutes(3))) func `data that has moved is named, and runs that part exit with 1`() throws {
    try Workplace.run { place throws in
      let made = try place.cnnDist(
        ["data", "make", "digits", "--output", "here", "--train-count", "90", "--test-count", "20"])
      try #require(made.status == 0, "\(made.everything)")
      let data = ["data.format=idx", "data.path=here", "data.train-count=null", "data.test-count=null"]
      #expect(try place.train("a", data).status == 0)
      let sound = try place.cnnDist(["audit", "a"])
      #expect(sound.status == 0, "\(sound.everything)")
      try FileManager.default.moveItem(atPath: place.path + "/here", toPath: place.path + "/there")
      let absent = try place.cnnDist(["audit", "a"])
      #expect(absent.status == 0 && absent.output.contains("the data is not here"), "\(absent.everything)")
      let moved = try place.cnnDist(["audit", "a", "--set", "data.path=there"])
      #expect(moved.status == 0 && !moved.output.contains("not here"), "\(moved.everything)")
      #expect(Set([sound, absent, moved].map(\.lastLine)).count == 1)
      expectRefusal(try place.cnnDist(["audit", "a", "--set", "seed=5"]), ["seed", "data.path"])
      expectRefusal(try place.cnnDist(["audit", "nowhere"]), ["nowhere", "holds no run"])
      #expect(try place.train("b", ["train.schedule={constant: {rate: 0.3}}"]).status == 0)
      let parted = try place.cnnDist(["debug", "diff", "a", "b", "--json"])
      #expect(parted.status == 1 && parted.output.contains("\"different\":true"), "\(parted.everything)")
      expectRefusal(try place.cnnDist(["debug", "diff", "a", "nowhere"]), ["nowhere", "holds no run"])
    }
  }
}
