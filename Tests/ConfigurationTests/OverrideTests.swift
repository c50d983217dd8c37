import Collectives
import Configuration
import Datasets
import Foundation
import Kernels
import Operators
import Optimizers
import StrictYAML
import Testing

/// `--set key.path=value`.
@Suite struct OverrideTests {
  @Test func `numbers, words and truths are values`() throws {
    let run = try overridden(
      "seed=18446744073709551615", "lanes=2", "train.epochs=0.5", "train.global-batch=32", "exchange.order=any",
      "exchange.bucket=64KiB", "kernels.isa=avx2", "numerics.winograd=off", "train.optimizer.sgd.nesterov=true",
      "data.train-count=1_000",
      "checkpoint.keep=1", "data.on-damage=skip", "model=mlp")
    #expect(run.seed == .max)
    #expect(run.lanes == .fixed(2))
    #expect(run.train.epochs == 0.5)
    #expect(run.train.globalBatch == 32)
    #expect(run.exchange.order == .any)
    #expect(run.exchange.bucket == ByteCount(65_536))
    #expect(run.kernels.isa == .avx2)
    #expect(run.numerics.winograd == .off)
    #expect((run.train.optimizer.rule as? SGD)?.nesterov == true)
    #expect(run.data.trainCount == 1000)
    #expect(run.checkpoint.keep == 1)
    #expect(run.data.onDamage == .skip)
    #expect(run.model == .zoo("mlp"))
  }

  @Test func `nothing takes a value away`() throws {
    let run = try overridden(
      "evaluate.every-epochs=null", "checkpoint.every-epochs=~", "train.steps=5", "train.epochs=")
    #expect(run.evaluate.everyEpochs == nil)
    #expect(run.checkpoint.everyEpochs == nil)
    #expect(run.train.epochs == nil)
    #expect(run.train.stepCount(samples: 1_000_000) == 5)
  }

  @Test func `texts are taken as they are typed`() throws {
    #expect(try overridden("data.path=/data/a b=c").data.path == "/data/a b=c")
    #expect(try overridden("data.images=\"null\"").data.images == "null")
    #expect(try overridden("data.images=12").data.images == "12")
  }

  @Test func `a relative path on the command line is one of the working directory`() throws {
    let here = FileManager.default.currentDirectoryPath
    #expect(try overridden("data.path=\"null\"").data.path == here + "/null")
    #expect(try overridden("data.path=./12").data.path == here + "/12")
    #expect(try overridden("model={file: my-model.yaml}").model == .file(here + "/my-model.yaml"))
    #expect(try overridden("model.file=my-model.yaml").model == .file(here + "/my-model.yaml"))
  }

  @Test func `a relative path in a file is one of the file's folder, or else of the working directory`() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "paths-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    let there = folder.path
    try FileManager.default.createDirectory(atPath: there + "/configs/data", withIntermediateDirectories: true)
    let file = there + "/configs/c.yaml"
    try "data: {format: tar, path: data}\nmodel: {file: Package.swift}\n".write(
      toFile: file, atomically: true, encoding: .utf8)
    #expect(try Configurations.read(path: file).data.path == there + "/configs/data")
    #expect(try Configurations.read(path: file, overrides: ["data.path=/a/b"]).data.path == "/a/b")
    // Tests run in the package's folder, which has such a file; the configuration's has none.
    let here = FileManager.default.currentDirectoryPath
    let expected = FileManager.default.fileExists(atPath: here + "/Package.swift") ? here : there + "/configs"
    #expect(try Configurations.read(path: file).model == .file(expected + "/Package.swift"))
    try "data: {format: tar, path: nowhere}\n".write(toFile: file, atomically: true, encoding: .utf8)
    #expect(try Configurations.read(path: file).data.path == there + "/configs/nowhere")
  }

  @Test func `lists and mappings are values`() throws {
    let run = try overridden(
      "data.augment=[{random-crop: {padding: 2}}, horizontal-flip]", "data.augment.0.random-crop.padding=3",
      "data.normalize={mean: [0, 0.25, 1], std: [1, 2, 3]}", "data.size=[32, 48]")
    #expect(run.data.augment == [.randomCrop(padding: 3), .horizontalFlip])
    #expect(run.data.normalize.mean == [0, 0.25, 1])
    #expect(run.data.size?.height == 32)
    #expect(run.data.size?.width == 48)
  }

  @Test func `one kind replaces another`() throws {
    let cosine = try overridden("train.schedule={cosine: {peak: 0.3}}").train.schedule
    guard let record = cosine.rule as? CosineSchedule else {
      Issue.record("\(cosine)")
      return
    }
    #expect(record.peak == 0.3)
    let schedule = try overridden("train.schedule.one-cycle.peak=0.2").train.schedule
    guard let changed = schedule.rule as? OneCycleSchedule else {
      Issue.record("the kind must stay")
      return
    }
    #expect(changed.peak == 0.2)
    #expect(changed.warmUpEpochs == OneCycleSchedule().warmUpEpochs)
  }

  @Test func `the last one wins`() throws {
    #expect(try overridden("seed=1", "seed=2").seed == 2)
  }

  @Test(arguments: [
    ("seed", "--set seed: must have the form key=value, as in --set train.epochs=10"),
    ("=1", "--set =1: must have the form key=value, as in --set train.epochs=10"),
    ("train..epochs=1", "--set train..epochs=1: the path has an empty part"),
    ("train.epoch=1", "my.yaml with --set: train.epoch: unknown key 'epoch'; did you mean 'epochs'?"),
    ("train.epochs=soon", "my.yaml with --set: train.epochs: must be a finite number, not 'soon'"),
    (
      "data.augment=[{random-crop: {paddin: 4}}]",
      "my.yaml with --set: data.augment[0].random-crop.paddin: unknown key 'paddin'; did you mean 'padding'?"
    ),
    ("data.augment.7=horizontal-flip", "my.yaml with --set: data.augment: must be a list, not a mapping"),
  ])
  func `wrong overrides are refused`(override: String, message: String) {
    #expect(problem(in: "seed: 1", overrides: [override]) == message)
  }

  @Test func `a broken override is named`() {
    let message = problem(in: "seed: 1", overrides: ["data.size=[32"]) ?? "nothing"
    #expect(message.hasPrefix("--set data.size=[32: is not valid YAML: "), "\(message)")
  }

  @Test func `the file keeps its lines beside an override`() {
    #expect(
      problem(in: "seed: 1\nlanes: none", overrides: ["seed=2"])
        == "my.yaml:2: lanes: must be an integer, not 'none'")
  }
}
