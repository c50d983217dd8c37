import Configuration
import Optimizers
import StrictYAML
import Testing

/// Keys and options of other programs lead to the keys of a configuration.
@Suite struct ForeignKeyTests {
  @Test(arguments: [
    // At the wrong level.
    ("epochs: 3", "train.epochs"), ("momentum: 0.9", "train.optimizer.sgd.momentum"), ("path: x", "data.path"),
    ("train: {seed: 3}", "seed"), ("data: {micro-batch: 3}", "train.micro-batch"),
    // By another name.
    ("batch_size: 3", "train.global-batch"), ("lr: 0.1", "train.schedule"), ("num_workers: 4", "lanes"),
    ("weight_decay: 0.1", "train.optimizer.sgd.weight-decay"), ("dataset: mnist", "data.format"),
    ("train: {batch_size: 3}", "global-batch"), ("train: {lr: 0.1}", "schedule"), ("train: {num_epochs: 2}", "epochs"),
    ("train: {optimizer: {sgd: {lr: 0.1}}}", "train.schedule"), ("data: {batch_size: 3}", "train.global-batch"),
    ("train: {optimizer: {sgd: {wd: 0.1}}}", "weight-decay"), ("data: {root: x}", "path"),
    ("data: {img_size: 3}", "size"),
    ("checkpoint: {save_freq: 3}", "every-epochs"),
    // In another spelling, and with a slip.
    ("train: {globalBatch: 3}", "global-batch"), ("train: {micro_batch: 3}", "micro-batch"),
    ("data: {HoldOut: 3}", "hold-out"),
    ("train: {epoch: 3}", "epochs"),
    // Words.
    ("data: {format: mnist}", "idx"), ("data: {format: ImageFolder}", "image-folder"),
    ("data: {format: CIFAR-10}", "cifar10"),
    ("train: {schedule: {CosineAnnealingLR: {}}}", "cosine"), ("train: {schedule: {StepLR: {}}}", "step"),
    ("train: {schedule: {OneCycleLR: {}}}", "one-cycle"), ("train: {loss: CrossEntropyLoss}", "cross-entropy"),
    ("train: {loss: mse}", "mean-squared-error"), ("data: {augment: [RandomHorizontalFlip]}", "horizontal-flip"),
    ("data: {augment: [RandomCrop]}", "random-crop"),
  ])
  func `what another program calls it is led to ours`(text: String, own: String) throws {
    let said = try #require(problem(in: text))
    #expect(said.hasSuffix("did you mean '\(own)'?"), "\(said)")
  }

  @Test func `every synonym leads to a key that there is`() {
    for (foreign, paths) in ForeignKeys.synonyms.table {
      #expect(paths.count == 1, "\(foreign) means several things: \(paths)")
      for path in paths { #expect(ConfigurationKey.at(path) != nil, "\(foreign): \(path)") }
      #expect(foreign == Suggestion.plain(foreign), "\(foreign) is not written plainly")
    }
    for (foreign, words) in Schedule.synonyms.table {
      #expect(words.allSatisfy(Schedule.alternatives.map(\.name).contains), "\(foreign)")
    }
  }

  @Test func `the list of keys is complete and its defaults hold`() throws {
    let keys = ConfigurationKey.all
    #expect(Set(keys.map(\.path)).count == keys.count)
    for path in [
      "seed", "train.optimizer.sgd.momentum", "train.schedule.cosine.final", "data.normalize.std",
      "data.augment.random-crop.padding", "train.loss.cross-entropy.label-smoothing", "kernels.isa",
    ] {
      #expect(ConfigurationKey.at(path) != nil, "\(path)")
    }
    let defaults = RunConfiguration().yaml(.full)
    for key in keys {
      #expect(!key.summary.isEmpty && !key.form.isEmpty, "\(key.path)")
      // What is not part of the default configuration belongs to another kind, or to what is not there by default.
      guard defaults[path: key.path] != nil, let standard = key.standard else { continue }
      #expect(try overridden("\(key.path)=\(standard)") == RunConfiguration(), "\(key.path)=\(standard)")
    }
    #expect(ConfigurationKey.usual.count == 10)
    #expect(ConfigurationKey.usual.allSatisfy { ConfigurationKey.usualTable.contains("\($0.path) ") })
  }
}

/// Answers to options that other programs have.
@Suite struct ForeignOptionTests {
  private func answer(_ words: String) -> String? {
    let arguments = words.split(separator: " ").map(String.init)
    let unknown = arguments.dropFirst().first { $0.hasPrefix("-") } ?? ""
    let name = unknown.prefix { $0 != "=" }
    return ForeignOptions.answer(to: arguments, complaint: "Unknown option '\(name)'. Did you mean '--set'?")
  }

  @Test(arguments: [
    ("--epochs 3", "--set train.epochs=3;"), ("--epochs=3", "--set train.epochs=3;"),
    ("--num-epochs 3", "--set train.epochs=3;"), ("--lr 0.1", "--set train.schedule.one-cycle.peak=0.1;"),
    ("--learning-rate=0.1", "--set train.schedule.one-cycle.peak=0.1;"),
    ("--batch-size 128", "--set train.global-batch=128;"), ("--batch 128", "--set train.global-batch=128;"),
    ("-b 128", "--set train.global-batch=128;"), ("--momentum 0.5", "--set train.optimizer.sgd.momentum=0.5;"),
    ("--wd 1e-4", "--set train.optimizer.sgd.weight-decay=1e-4;"),
    ("--weight-decay 1e-4", "--set train.optimizer.sgd.weight-decay=1e-4;"), ("--workers 4", "--set lanes=4;"),
    ("-j 4", "--set lanes=4;"), ("--threads 4", "--set lanes=4;"), ("--data /d", "--set data.path=/d;"),
    ("--model resnet20", "--set model=resnet20;"), ("--seed 7", "--set seed=7;"), ("--steps 9", "--set train.steps=9;"),
    ("--optimizer sgd", "--set train.optimizer=sgd;"), ("--nesterov", "--set train.optimizer.sgd.nesterov=true;"),
    ("--train.epochs 2", "--set train.epochs=2;"), ("--hold-out 10", "--set data.hold-out=10;"),
    ("--device cpu", "lanes"), ("--gpu 0", "CPUs alone"), ("--output x", "--run-dir x"),
    ("--resume-from x", "--resume x"),
    ("-n 4", "mpirun -n 4"),
  ])
  func `the key is named with an example`(words: String, example: String) throws {
    for command in ["train", "evaluate"] {
      let said = try #require(answer("\(command) \(words)"))
      #expect(said.contains(example), "\(said)")
      #expect(said.hasPrefix("unknown option '-"), "\(said)")
    }
  }

  @Test func `an example is one that would be taken`() throws {
    // 100 is no multiple of 16.
    #expect(
      try #require(answer("train --batch-size 100")).contains("--set train.global-batch=100 --set train.micro-batch=10")
    )
    // Steps go before epochs.
    let steps = try #require(answer("train --epochs 3 --set train.steps=9"))
    #expect(steps.contains("--set train.epochs=3 --set train.steps=null"), "\(steps)")
    // The key of the schedule that is in force.
    let cosine = try #require(answer("train --lr 0.2 --set train.schedule=cosine"))
    #expect(cosine.contains("--set train.schedule.cosine.peak=0.2"), "\(cosine)")
    let constant = try #require(answer("train --lr 0.2 --set train.schedule=constant"))
    #expect(constant.contains("--set train.schedule.constant.rate=0.2"), "\(constant)")
    let adam = try #require(answer("train --optimizer adam"))
    #expect(adam.contains("--set train.optimizer=adam;"), "\(adam)")
    let lion = try #require(answer("train --optimizer lion"))
    #expect(lion.contains("cannot be 'lion' (it takes: sgd | adam"), "\(lion)")
    #expect(try #require(answer("train --epochs many")).contains("--set train.epochs=6"))
    #expect(try #require(answer("train --dataset cifar10")).contains("--set data.format=cifar10 --set data.path=PATH"))
  }

  @Test func `all foreign options are answered at once`() throws {
    let said = try #require(answer("train --epochs 3 --lr 0.1 --quiet --run-dir x"))
    #expect(said.split(separator: "\n").count == 2 && said.contains("'--epochs'") && said.contains("'--lr'"), "\(said)")
  }

  @Test func `slips in our own options are left to the parser`() {
    #expect(answer("train --quite") == nil)
    #expect(answer("train --resmue") == nil)
    #expect(answer("plan --epochs 3") == nil, "plan has no --set")
    #expect(ForeignOptions.answer(to: ["train", "x"], complaint: "Unexpected argument 'x'") == nil)
    #expect(answer("train --nonsense")?.contains("cnn-dist config") == true)
  }
}

extension YAMLTree {
  /// The value at a path of keys.
  fileprivate subscript(path path: String) -> YAMLTree? {
    path.split(separator: ".").reduce(self) { $0?[key: String($1)] }
  }
}
