import Foundation
import TestSupport
import Testing

/// The keys of a configuration on the command line.
@Suite struct KeyTests {
  @Test func `config lists every key, and a configuration with every value`() throws {
    try Workplace.run { place throws in
      let list = try place.cnnDist(["config"])
      #expect(list.status == 0, "\(list.everything)")
      for words in [
        ["train.epochs", " 6 ", "passes over the training data"],
        ["train.optimizer.sgd.momentum", " 0.9 ", "velocity"],
        ["train.schedule.cosine.final", " 0 ", "rate at the end"],
      ] {
        let lines = list.output.split(separator: "\n").filter { $0.hasPrefix(words[0] + " ") }
        #expect(lines.count == 1 && words.allSatisfy { lines[0].contains($0) }, "\(words): \(lines)")
      }
      let keys = try objects(place.cnnDist(["config", "--json"]))
      #expect(keys.allSatisfy { Set($0.keys) == ["key", "type", "default", "meaning"] })
      #expect(keys.count == list.output.split(separator: "\n").count)

      try place.write("train: {epochs: 2}\n", to: "my.yaml")
      let resolved = try place.cnnDist(["config", "my.yaml", "--set", "seed=9"])
      try place.write(resolved.output, to: "whole.yaml")
      #expect(resolved.output.contains("epochs: 2") && resolved.output.contains("seed: 9"), "\(resolved.everything)")
      #expect(try place.cnnDist(["config", "whole.yaml"]).output == resolved.output)
      let values = try objects(place.cnnDist(["config", "my.yaml", "--set", "seed=9", "--json"]))
      #expect(values.count == 1 && values[0]["seed"] as? Int == 9)
      #expect((values[0]["train"] as? [String: Any])?["epochs"] as? Int == 2)
    }
  }

  private func objects(_ outcome: Programs.Outcome) throws -> [[String: Any]] {
    try outcome.output.split(separator: "\n").map { line in
      try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any], "\(line)")
    }
  }

  @Test func `config refuses what train would refuse`() throws {
    try Workplace.run { place throws in
      expectRefusal(try place.cnnDist(["config", "none.yaml"]), ["none.yaml", "cannot be read"])
      expectRefusal(try place.cnnDist(["config", "--set", "epochs=3"]), ["did you mean 'train.epochs'?"])
    }
  }

  @Test func `options of other programs are answered with the key`() throws {
    try Workplace.run { place throws in
      for (words, example) in [
        (["--epochs", "3"], "--set train.epochs=3"), (["--lr=0.1"], "--set train.schedule.one-cycle.peak=0.1"),
        (["-j4"], "--set lanes=4"), (["-lr", "0.1"], "peak=0.1"), (["--batch-size", "32"], "train.global-batch=32"),
      ] {
        for command in [["train"], ["evaluate", "--checkpoint", "c"]] {
          let outcome = try place.cnnDist(command + words)
          #expect(outcome.status == 64 && outcome.errors.contains(example), "\(outcome.everything)")
        }
      }
      let slip = try place.cnnDist(["train", "--resmue"])
      #expect(slip.status == 64 && slip.errors.contains("--resume") && !slip.errors.contains("--set x"))
      let nothing = try place.cnnDist(["train", "--nonsense"])
      #expect(
        nothing.status == 64 && nothing.errors.contains("cnn-dist config") && !nothing.errors.contains("Did you mean"))
    }
  }

  @Test func `the help of train names the usual keys with their defaults`() throws {
    let help = try Programs.run([try Programs.path(of: "cnn-dist"), "train", "--help"]).output
    for (key, standard) in [
      ("model", "lenet5"), ("data.format", "digits"), ("data.path", "null"), ("train.epochs", "6"),
      ("train.global-batch", "64"), ("train.micro-batch", "16"), ("train.schedule", "one-cycle"),
      ("train.optimizer", "sgd"), ("lanes", "auto"), ("seed", "1"),
    ] {
      let line = help.split(separator: "\n").first { $0.hasPrefix("  \(key) ") } ?? ""
      #expect(line.split(separator: " ").dropFirst().first.map(String.init) == standard, "\(key): \(line)")
    }
  }

  @Test func `names of the zoo that only begin right are led to the model`() throws {
    try Workplace.run { place throws in
      for (name, model) in [("resnet18", "resnet18-cifar"), ("VGG11", "vgg11-cifar"), ("mobilenet", "mobilenet-cifar")]
      {
        expectRefusal(try place.cnnDist(["models", name]), ["did you mean '\(model)'?"])
        expectRefusal(try place.cnnDist(["train", "--set", "model=\(name)"]), ["did you mean '\(model)'?"])
      }
      #expect(!(try place.cnnDist(["models", "resnet34"])).errors.contains("did you mean"))
    }
  }
}
