import Foundation
import TestSupport
import Testing

/// Unusable input is refused before any work starts: one sentence, exit code 2, and nothing left behind.
@Suite struct BadInputTests {
  /// A configuration that must be refused, and words of the sentence.
  struct Case: CustomTestStringConvertible, Sendable {
    let name: String
    let settings: [String]
    let words: [String]
    var testDescription: String { name }

    init(_ name: String, _ settings: [String], _ words: [String]) {
      self.name = name
      self.settings = settings
      self.words = words
    }
  }

  static let settings: [Case] = [
    Case("misspelt key", ["train.optimiser={sgd: {}}"], ["train.optimiser", "unknown key", "optimizer"]),
    Case("unknown key", ["colour=red"], ["unknown key 'colour'"]),
    Case("wrong type", ["train.global-batch=many"], ["train.global-batch", "must be an integer", "many"]),
    Case("out of range", ["train.optimizer={sgd: {momentum: 1.5}}"], ["momentum", "below 1", "1.5"]),
    Case("list for a number", ["seed=[1]"], ["seed", "a list"]),
    Case("no key in --set", ["seed"], ["--set seed", "key=value"]),
    Case("not YAML in --set", ["model={file"], ["--set"]),
    Case("two schedules", ["train.schedule={cosine: {}, constant: {}}"], ["train.schedule", "exactly one schedule"]),
    Case("unknown model", ["model=lenet6"], ["lenet6", "lenet5"]),
    Case("missing model file", ["model={file: none.yaml}"], ["none.yaml", "cannot be read"]),
    Case("missing dataset", ["data={format: cifar10, path: nowhere}"], ["nowhere"]),
    Case("no path", ["data={format: cifar10}"], ["data", "path"]),
    Case("batch no multiple", ["train.global-batch=30"], ["global-batch (30)", "micro-batch (4)", "28"]),
    Case("too many lanes", ["lanes=9"], ["1 ranks × 9 lanes", "micro-batches", "has 8"]),
    Case("model does not fit", ["model={file: big.yaml}"], ["big", "conv1", "kernel of 40", "1×28×28"]),
    Case("wrong input shape", ["model={file: other.yaml}"], ["other.yaml", "3×32×32", "1×28×28"]),
    Case("wrong classes", ["model={file: seven.yaml}"], ["model seven", "input is 7", "10 classes"]),
    Case("no vector at the end", ["model={file: image.yaml}"], ["model image", "1×28×28", "dense"]),
    Case("unknown layer", ["model={file: odd.yaml}"], ["odd.yaml:3", "convolutoin", "convolution"]),
    Case("bucket", ["exchange.bucket=100"], ["exchange.bucket", "1KiB"]),
    Case("normalization of other channels", ["data.normalize={mean: [0, 0, 0], std: [1, 1, 1]}"], ["3", "1"]),
    Case("augmentation", ["data.augment=[{random-crop: {padding: -1}}]"], ["padding"]),
    Case("no steps", ["train.steps=0"], ["train.steps", "at least 1"]),
  ]

  @Test(arguments: settings)
  func `a setting that cannot be used is refused`(refused: Case) throws {
    try Workplace.run { place throws in
      try place.write(
        "input: [1, 28, 28]\nlayers:\n  - {name: conv1, convolution: {channels: 2, kernel: 40}}\n  - flatten\n"
          + "  - dense: {features: 10}\n", to: "big.yaml")
      try place.write("input: [3, 32, 32]\nlayers: [flatten, dense: {features: 10}]\n", to: "other.yaml")
      try place.write("input: [1, 28, 28]\nlayers: [flatten, dense: {features: 7}]\n", to: "seven.yaml")
      try place.write("input: [1, 28, 28]\nlayers: [relu]\n", to: "image.yaml")
      try place.write("input: [1, 28, 28]\nlayers:\n  - convolutoin: {channels: 2}\n", to: "odd.yaml")
      expectRefusal(try place.train("run", refused.settings), refused.words)
      #expect(!place.exists("run"))
    }
  }

  @Test func `an error in a file names file and line`() throws {
    try Workplace.run { place throws in
      try place.write("seed: 1\ntrain:\n  epoch: 3\n", to: "my.yaml")
      expectRefusal(try place.cnnDist(["train", "my.yaml"]), ["my.yaml:3", "train.epoch", "epochs"])
      try place.write("seed: [1\n", to: "broken.yaml")
      expectRefusal(try place.cnnDist(["train", "broken.yaml"]), ["broken.yaml", "YAML"])
      expectRefusal(try place.cnnDist(["train", "missing.yaml"]), ["missing.yaml", "cannot be read"])
      try place.write("model: mlp\nmodel: lenet5\n", to: "twice.yaml")
      expectRefusal(try place.cnnDist(["train", "twice.yaml"]), ["twice.yaml"])
      #expect(!place.exists("runs"))
    }
  }

  @Test func `damaged IDX files are refused`() throws {
    try Workplace.run { place throws in
      let made = try place.cnnDist([
        "data", "make", "digits", "--output", "idx", "--train-count", "40", "--test-count", "8",
      ])
      #expect(made.status == 0, "\(made.everything)")
      let file = "idx/train-images-idx3-ubyte"
      let whole = Array(try Data(contentsOf: URL(fileURLWithPath: place.path + "/" + file)))
      let damages: [([UInt8], [String])] = [
        (Array(whole.dropLast(100)), ["train-images", "truncated"]),
        (whole + [1, 2, 3], ["train-images", "3 bytes more"]),
        ([], ["train-images"]), ([9] + whole.dropFirst(), ["train-images"]),
      ]
      for (bytes, words) in damages {
        try place.write(bytes, to: file)
        expectRefusal(try place.train("run", ["data={format: idx, path: idx}"]), words)
      }
      try place.write(whole, to: file)
      let labels = "idx/train-labels-idx1-ubyte"
      let good = Array(try Data(contentsOf: URL(fileURLWithPath: place.path + "/" + labels)))
      try place.write(Array(good.dropLast(5)), to: labels)
      expectRefusal(try place.train("run", ["data={format: idx, path: idx}"]), ["train-labels"])
      #expect(!place.exists("run"))
    }
  }

  @Test func `CIFAR files of a wrong length or with a wrong label are refused`() throws {
    try Workplace.run { place throws in
      let record = [UInt8](repeating: 3, count: 3073)
      for batch in 1...5 { try place.write(record + record, to: "cifar/data_batch_\(batch).bin") }
      try place.write(record, to: "cifar/test_batch.bin")
      let request = ["data={format: cifar10, path: cifar}", "model=resnet20"]
      try place.write(Array(record.dropLast()), to: "cifar/data_batch_3.bin")
      expectRefusal(try place.train("run", request), ["data_batch_3.bin"])
      try place.write([77] + record.dropFirst(), to: "cifar/data_batch_3.bin")
      expectRefusal(try place.train("run", request), ["data_batch_3.bin", "77"])
    }
  }

  @Test func `folders with empty classes or files that are no images are refused`() throws {
    try Workplace.run { place throws in
      let folder = ["data={format: image-folder, path: photos, size: 28, channels: 1}"]
      try place.write("no image", to: "photos/train/cat/1.jpg")
      try FileManager.default.createDirectory(
        atPath: place.path + "/photos/train/dog", withIntermediateDirectories: true)
      try place.write("no image", to: "photos/test/cat/1.jpg")
      expectRefusal(try place.train("run", folder), ["dog"])
      try place.write("no image", to: "photos/train/dog/1.jpg")
      try place.write("no image", to: "photos/test/dog/1.jpg")
      let outcome = try place.train("run2", folder + ["model=mlp"])
      #expect(outcome.status != 0 && outcome.errors.contains("1.jpg"), "\(outcome.everything)")
      let verified = try place.cnnDist(["data", "verify"] + Workplace.sets(folder))
      #expect(verified.status == 1 && verified.output.contains("1.jpg"), "\(verified.everything)")
    }
  }

  @Test func `a run directory that cannot be used is refused`() throws {
    try Workplace.run { place throws in
      try place.write("a file", to: "taken")
      expectRefusal(try place.train("taken"), ["taken"])
      #expect(try place.train("run").status == 0)
      expectRefusal(try place.train("run"), ["run", "already holds a run", "--resume"])
    }
  }

  @Test func `unknown options have the exit code of wrong usage`() throws {
    try Workplace.run { place throws in
      #expect(try place.cnnDist(["train", "--quickly"]).status == 64)
      #expect(try place.cnnDist(["debug", "replay", "--checkpoint", "x", "--step", "1"]).status == 64)
    }
  }
}

/// What Tests/fuzz begins with, and what it has found: no reader traps on it or breaks a law.
@Suite struct FuzzCorpusTests {
  private static let corpus = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appending(path: "fuzz/corpus")

  @Test func `each target of the fuzzer reads its corpus`() throws {
    let targets = try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path)
    #expect(targets.count == 12)
    try Workplace.run { place throws in
      for target in targets {
        let outcome = try Programs.run(
          [try Programs.path(of: "fuzz"), target, Self.corpus.path + "/" + target], in: place.path, deadline: 60)
        #expect(outcome.status == 0 && outcome.output.hasPrefix(target), "\(outcome.everything)")
      }
    }
  }
}
