import Foundation
import TestSupport
import Testing

/// What differs between ranks is found before any work starts, and said once.
@Suite(.serialized) struct RankTests {
  /// A program that runs cnn-dist with other arguments on rank 1.
  private func wrapper(_ place: Workplace, _ change: String) throws -> [String] {
    let program = try Programs.path(of: "cnn-dist")
    try place.write(
      "#!/bin/bash\nif [[ $OMPI_COMM_WORLD_RANK == 1 ]]; then \(change); fi\nexec '\(program)' \"$@\"\n", to: "wrapper")
    return ["bash", place.path + "/wrapper"]
  }

  private func run(_ place: Workplace, _ change: String, _ arguments: [String]) throws -> Programs.Outcome {
    let program = try wrapper(place, change) + ["train", "--run-dir", "run"] + Workplace.sets(Workplace.tiny)
    return try Programs.run(Programs.mpirun(ranks: 3, program + arguments), in: place.path)
  }

  @Test func `another configuration on one rank is refused`() throws {
    try Workplace.run { place throws in
      expectRefusal(
        try run(place, "set -- \"$@\" --set train.steps=13", []), ["configuration's train.steps", "rank 1", "differs"])
      #expect(!place.exists("run"))
    }
  }

  @Test func `other data on one rank are refused`() throws {
    try Workplace.run { place throws in
      for (folder, count) in [("a", "64"), ("b", "65")] {
        _ = try place.cnnDist([
          "data", "make", "digits", "--output", "\(folder)/idx", "--train-count", count, "--test-count", "8",
        ])
      }
      let change = "cd b; else cd a"
      expectRefusal(
        try run(place, change, Workplace.sets(["data={format: idx, path: idx}"])),
        ["number of training samples", "rank 1"])
    }
  }

  @Test func `another program on one rank is refused`() throws {
    try Workplace.run { place throws in
      let program = try Programs.path(of: "cnn-dist")
      var bytes = Array(try Data(contentsOf: URL(fileURLWithPath: program)))
      bytes += [0, 0, 0, 0, 0, 0, 0, 1]
      try place.write(bytes, to: "other")
      expectRefusal(
        try run(place, "chmod +x '\(place.path)/other'; exec '\(place.path)/other' \"$@\"", []),
        ["program", "rank 1", "install the same"])
    }
  }

  @Test func `a problem that all ranks have is said once`() throws {
    try Workplace.run { place throws in
      expectRefusal(try place.train("run", ["model=lenet6"], ranks: 3), ["lenet6"])
      expectRefusal(try place.train("run", [], ranks: 9), ["9 ranks × 1 lanes", "has 8"])
      #expect(!place.exists("run"))
    }
  }

  @Test func `a missing file on one rank is refused by all`() throws {
    try Workplace.run { place throws in
      try place.write("seed: 1\n", to: "my.yaml")
      expectRefusal(
        try run(place, "cd /", ["my.yaml"]), ["rank 1", "my.yaml", "cannot be read"])
    }
  }
}
