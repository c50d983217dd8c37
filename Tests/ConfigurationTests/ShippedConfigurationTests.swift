import Configuration
import Datasets
import Foundation
import Kernels
import Optimizers
import StrictYAML
import Testing

/// The files in configs/.
@Suite struct ShippedConfigurationTests {
  @Test func `digits is the built-in configuration`() throws {
    let path = ShippedConfigurations.path("digits-lenet5.yaml")
    #expect(try Configurations.read(path: path) == RunConfiguration())
    #expect(try Configurations.read(path: nil) == RunConfiguration())
  }

  @Test func `every example decodes`() throws {
    let names = try ShippedConfigurations.names()
    #expect(names == ["cifar10-resnet20.yaml", "digits-lenet5.yaml", "mnist-lenet5.yaml", "my-images.yaml"])
    for name in names { _ = try Configurations.read(path: ShippedConfigurations.path(name)) }
  }

  @Test func `digits names every key`() throws {
    let path = ShippedConfigurations.path("digits-lenet5.yaml")
    let tree = try YAMLTree(parsing: String(contentsOfFile: path, encoding: .utf8), source: path)
    expectKeys(RunConfiguration.self, in: tree)
    expectKeys(DataConfiguration.self, in: tree[key: "data"])
    expectKeys(TrainConfiguration.self, in: tree[key: "train"])
    expectKeys(ExchangeConfiguration.self, in: tree[key: "exchange"])
    expectKeys(CheckpointConfiguration.self, in: tree[key: "checkpoint"])
    expectKeys(EvaluationConfiguration.self, in: tree[key: "evaluate"])
    expectKeys(NumericsConfiguration.self, in: tree[key: "numerics"])
    expectKeys(KernelConfiguration.self, in: tree[key: "kernels"])
    expectKeys(SGD.self, in: tree[key: "train"]?[key: "optimizer"]?[key: "sgd"])
    expectKeys(OneCycleSchedule.self, in: tree[key: "train"]?[key: "schedule"]?[key: "one-cycle"])
  }

  private func expectKeys<Record: YAMLRecord>(_ record: Record.Type, in tree: YAMLTree?) {
    guard case .mapping(let entries) = tree?.content else {
      Issue.record("digits-lenet5.yaml has no mapping for \(record)")
      return
    }
    #expect(entries.map(\.key) == Record.fields.map(\.key))
  }

  @Test func `CIFAR is the recipe it says`() throws {
    let path = ShippedConfigurations.path("cifar10-resnet20.yaml")
    let run = try Configurations.read(path: path, overrides: ["data.path=/data/c.tar"])
    #expect(run.model == .zoo("resnet20"))
    #expect(run.data.format == .tar)
    #expect(run.data.path == "/data/c.tar")
    #expect(run.data.augment == [.randomCrop(padding: 4), .horizontalFlip])
    #expect(run.data.normalize.mean == [0.4914, 0.4822, 0.4465])
    #expect(run.train.microBatches == 8)
    let sgd = try #require(run.train.optimizer.rule as? SGD)
    #expect(sgd.nesterov && sgd.weightDecay == 5e-4)
    #expect(run.train.stepCount(samples: 50_000) == 1954)
  }

  @Test func `a missing file is named`() {
    #expect(throws: YAMLError("no/such.yaml: cannot be read; check the path and its permissions")) {
      try Configurations.read(path: "no/such.yaml")
    }
  }
}
