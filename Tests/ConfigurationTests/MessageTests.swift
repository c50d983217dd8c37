import Testing

/// What is said about a configuration that cannot be used: file, line, path, and the remedy.
@Suite struct MessageTests {
  @Test(arguments: [
    // Unknown words, each with the nearest known one.
    ("train:\n  epoch: 3", "my.yaml:2: train.epoch: unknown key 'epoch'; did you mean 'epochs'?"),
    ("sed: 1", "my.yaml:1: sed: unknown key 'sed'; did you mean 'seed'?"),
    (
      "data:\n  normalize: {mean: [0], std: [1]}\n  hold_out: 5",
      "my.yaml:3: data.hold_out: unknown key 'hold_out'; did you mean 'hold-out'?"
    ),
    ("data:\n  format: cifar", "my.yaml:2: data.format: unknown value 'cifar'; did you mean 'cifar10'?"),
    (
      "train:\n  optimizer:\n    lion: {}",
      "my.yaml:2: train.optimizer: unknown optimizer 'lion'; "
        + "known are sgd, adam, adamw, adamax, rmsprop, adagrad, lars, lamb"
    ),
    (
      "train:\n  schedule: {one-cycel: {}}",
      "my.yaml:2: train.schedule: unknown schedule 'one-cycel'; did you mean 'one-cycle'?"
    ),
    (
      "train:\n  optimizer: {sgd: {momemtum: 0.9}}",
      "my.yaml:2: train.optimizer.sgd.momemtum: unknown key 'momemtum'; did you mean 'momentum'?"
    ),
    (
      "data:\n  augment:\n    - random-crop: {padding: 4}\n    - flip",
      "my.yaml:4: data.augment[1]: unknown augmentation 'flip'; did you mean 'horizontal-flip'?"
    ),
    (
      "data: {augment: [{horizontal-flip: {p: 1}}]}",
      "my.yaml:1: data.augment[0].horizontal-flip.p: unknown key 'p'; nothing can be set here"
    ),
    ("exchange: {order: fix}", "my.yaml:1: exchange.order: unknown value 'fix'; did you mean 'fixed'?"),
    ("kernels: {isa: avx512f}", "my.yaml:1: kernels.isa: unknown value 'avx512f'; did you mean 'avx512'?"),
  ])
  func `unknown words are named with those that are meant`(text: String, message: String) {
    #expect(problem(in: text) == message)
  }

  @Test(arguments: [
    ("seed: -1", "my.yaml:1: seed: must be an integer from 0 to 2^64 - 1, not '-1'"),
    ("seed: [1]", "my.yaml:1: seed: must be a non-negative integer, not a list"),
    ("lanes: 0", "my.yaml:1: lanes: must be 'auto' or from 1 to 1024, not 0"),
    ("lanes: all", "my.yaml:1: lanes: must be an integer, not 'all'"),
    ("model: {fil: a.yaml}", "my.yaml:1: model.fil: unknown key 'fil'; did you mean 'file'?"),
    ("model: {}", "my.yaml:1: model: the key 'file' is missing (path of a model file)"),
    ("train: 3", "my.yaml:1: train: must be a mapping, not '3'"),
    ("train:\n  epochs: six", "my.yaml:2: train.epochs: must be a finite number, not 'six'"),
    ("train: {epochs: 0}", "my.yaml:1: train.epochs: must be above 0 and at most 1000000, not 0"),
    ("train: {epochs: .inf}", "my.yaml:1: train.epochs: must be a finite number, not '.inf'"),
    ("train: {steps: 1.5}", "my.yaml:1: train.steps: must be an integer, not '1.5'"),
    ("train: {steps: 0}", "my.yaml:1: train.steps: must be at least 1, not 0"),
    ("train: {micro-batch: 2000000}", "my.yaml:1: train.micro-batch: must be from 1 to 1048576, not 2000000"),
    (
      "train: {optimizer: {sgd: {momentum: 1}}}",
      "my.yaml:1: train.optimizer.sgd.momentum: must be at least 0 and below 1, not 1"
    ),
    (
      "train: {optimizer: {sgd: {nesterov: yes}}}",
      "my.yaml:1: train.optimizer.sgd.nesterov: must be true or false, not 'yes'"
    ),
    (
      "train: {schedule: {cosine: {peak: -0.1}}}",
      "my.yaml:1: train.schedule.cosine.peak: must be above 0 and at most 1000000, not -0.1"
    ),
    (
      "train: {schedule: {constant: {rate: 2.0e+6}}}",
      "my.yaml:1: train.schedule.constant.rate: must be above 0 and at most 1000000, not 2000000"
    ),
    (
      "train: {schedule: {one-cycle: {warm-up-epochs: -1}}}",
      "my.yaml:1: train.schedule.one-cycle.warm-up-epochs: must be from 0 to 1000000, not -1"
    ),
    (
      "train: {loss: {cross-entropy: {label-smoothing: 1}}}",
      "my.yaml:1: train.loss.cross-entropy.label-smoothing: must be at least 0 and below 1, not 1"
    ),
    ("data: {hold-out: 0}", "my.yaml:1: data.hold-out: must be at least 1, not 0"),
    ("data: {size: [32, 0]}", "my.yaml:1: data.size: must be from 1 to 65536, not [32, 0]"),
    ("data: {size: [1, 2, 3]}", "my.yaml:1: data.size: must be one number or [height, width]"),
    ("data: {channels: 4}", "my.yaml:1: data.channels: must be 1 or 3, not 4"),
    ("data: {augment: horizontal-flip}", "my.yaml:1: data.augment: must be a list, not 'horizontal-flip'"),
    (
      "data: {augment: [{random-crop: {padding: -1}}]}",
      "my.yaml:1: data.augment[0].random-crop.padding: must be from 0 to 1024, not -1"
    ),
    ("data: {normalize: {mean: [0.5], std: [0]}}", "my.yaml:1: data.normalize.std: must be above 0, not [0]"),
    (
      "data: {normalize: {mean: [1.0e+39], std: [1]}}",
      "my.yaml:1: data.normalize.mean[0]: must be below 3.4e38, not 1e+39"
    ),
    ("exchange: {bucket: 1MB}", "my.yaml:1: exchange.bucket: must be a size such as 64KiB, 1MiB or 65536, not '1MB'"),
    (
      "exchange: {bucket: 1000}",
      "my.yaml:1: exchange.bucket: must be a multiple of 1KiB from 1KiB to 1GiB, not 1000"
    ),
    (
      "exchange: {bucket: 4294967295GiB}",
      "my.yaml:1: exchange.bucket: must be a multiple of 1KiB from 1KiB to 1GiB, not 4294967295GiB"
    ),
    ("checkpoint: {keep: 0}", "my.yaml:1: checkpoint.keep: must be at least 1, not 0"),
    ("checkpoint: {every-minutes: 0}", "my.yaml:1: checkpoint.every-minutes: must be above 0, not 0"),
    ("evaluate: {every-epochs: -1}", "my.yaml:1: evaluate.every-epochs: must be above 0, not -1"),
    ("- a", "my.yaml:1: must be a mapping, not a list"),
  ])
  func `wrong values are refused with what is allowed`(text: String, message: String) {
    #expect(problem(in: text) == message)
  }

  @Test(arguments: [
    (
      "train:\n  global-batch: 100\n  micro-batch: 16",
      "my.yaml:1: train: global-batch (100) must be a multiple of micro-batch (16), for example 96"
    ),
    ("train: {epochs: null}", "my.yaml:1: train: give 'epochs' or 'steps'"),
    (
      "train: {optimizer: {sgd: {nesterov: true, momentum: 0}}}",
      "my.yaml:1: train.optimizer.sgd: nesterov needs a momentum above 0"
    ),
    (
      "train: {schedule: {constant: {}, cosine: {}}}",
      "my.yaml:1: train.schedule: needs exactly one schedule, not constant, cosine; "
        + "with --set give the whole value, as in --set 'train.schedule={constant: {}}'"
    ),
    ("data: {format: tar}", "my.yaml:1: data: format tar needs the key 'path'"),
    (
      "data: {normalize: {mean: [0, 0, 0], std: [1]}}",
      "my.yaml:1: data.normalize: mean and std must have one number or one per channel, both the same count"
    ),
  ])
  func `wrong combinations are refused with their remedy`(text: String, message: String) {
    #expect(problem(in: text) == message)
  }

  @Test(arguments: [
    ("train: {epochs: 3", "my.yaml: is not valid YAML: line 2: "),
    ("seed: 1\nseed: 2", "my.yaml: is not valid YAML: line 1: the key 'seed' is given twice"),
    ("seed: *one", "my.yaml: is not valid YAML: "),
    ("[a]: 1", "my.yaml:1: a key must be a word, not a list or a mapping"),
    ("seed: \"\u{7}\"", "my.yaml: is not valid YAML: "),
  ])
  func `broken text is told in one line`(text: String, beginning: String) {
    let message = problem(in: text) ?? "nothing"
    #expect(message.hasPrefix(beginning), "\(message)")
    #expect(!message.contains("\n"))
  }

  @Test(.timeLimit(.minutes(4)))
  func `hostile text is refused`() {
    let bomb = (1...30).reduce("a0: &a0 [x, x]\n") { $0 + "a\($1): &a\($1) [*a\($1 - 1), *a\($1 - 1)]\n" }
    #expect(problem(in: bomb)?.contains("more than") == true)
    let deep = "seed: " + String(repeating: "[", count: 100_000)
    #expect(problem(in: deep)?.hasPrefix("my.yaml") == true)
  }
}
