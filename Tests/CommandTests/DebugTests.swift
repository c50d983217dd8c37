import Foundation
import TestSupport
import Testing

/// The debug commands.
@Suite(.serialized) struct DebugTests {
  @Test func `what any rank computed can be replayed alone`() throws {
    try Workplace.run { place throws in
      _ = try place.hash("run", ["checkpoint.every-steps=3", "checkpoint.keep=9"], ranks: 3)
      for (step, rank, workers, from) in [(4, 1, 3, 3), (7, 0, 2, 6), (11, 3, 4, 9), (5, 2, 5, 3)] {
        let outcome = try place.cnnDist([
          "debug", "replay", "--checkpoint", "run/checkpoints/step-000000\(from)", "--step", "\(step)", "--rank",
          "\(rank)", "--workers", "\(workers)",
        ])
        #expect(outcome.status == 0 && outcome.output.contains("equals"), "\(outcome.everything)")
      }
      var lines = try place.text("run/ledger.jsonl").split(separator: "\n").map(String.init)
      lines[7] = lines[7].replacingOccurrences(of: "\"micro-batches\":[\"", with: "\"micro-batches\":[\"f")
      try place.write(lines.joined(separator: "\n") + "\n", to: "run/ledger.jsonl")
      let caught = try place.cnnDist([
        "debug", "replay", "--checkpoint", "run/checkpoints/step-0000006", "--step", "7", "--micro-batch", "0",
      ])
      #expect(caught.status == 1 && caught.output.contains("DIFFERS"), "\(caught.everything)")
    }
  }

  @Test(arguments: [1, 3])
  func `a step that is not finite is taken back, and its layer, samples and replay are named`(ranks: Int) throws {
    try Workplace.run { place throws in
      let wild = ["train.schedule={constant: {rate: 1.0e+5}}"]
      let outcome = try place.train("run", wild, ranks: ranks > 1 ? ranks : nil)
      #expect(outcome.status == 6, "\(outcome.everything)")
      let cause = "error: step 2: the loss is not finite; first in micro-batch 0, layer 'conv2': "
      for words in [cause, "numbers of 'conv2 y' are not finite after conv", "lower the learning rate", "(train "] {
        #expect(outcome.errors.contains(words), "no '\(words)' in: \(outcome.everything)")
      }
      #expect(try place.text("run/ledger.jsonl").split(separator: "\n").count == 2)
      let report = try place.text("run/failure.json")
      for words in ["\"exit-code\" : 6", "\"layer\" : \"conv2\"", "\"micro-batch\" : 0", "\"step\" : 2", "(train "] {
        #expect(report.contains(words), "no '\(words)' in: \(report)")
      }
      // What is printed works, on one core.
      let command = "debug replay --checkpoint run/checkpoints/step-0000002 --step 2 --micro-batch 0"
      #expect(outcome.errors.contains("cnn-dist \(command)") && report.contains("cnn-dist \(command)"))
      let replayed = try place.cnnDist(command.split(separator: " ").map(String.init))
      #expect(replayed.status == 6 && replayed.errors.contains("layer 'conv2'"), "\(replayed.everything)")
      let debugged = try place.train("debugged", wild, options: ["--debug"])
      #expect(debugged.status == 6, "\(debugged.everything)")
      #expect(debugged.errors.contains("layer '") && debugged.errors.contains("not finite after"), "\(debugged.errors)")
    }
  }

  /// What a step of `mlp` changes is not kept: that would take a tenth of the step.
  @Test func `where a step cannot be taken back, the replay from the last checkpoint names layer and samples`() throws {
    try Workplace.run { place throws in
      let wild = [
        "model=mlp", "train.schedule={constant: {rate: 1.0e+6}}", "train.optimizer={sgd: {weight-decay: 0.9}}",
        "train.steps=60", "checkpoint.every-steps=1",
      ]
      let outcome = try place.train("run", wild)
      #expect(outcome.status == 6, "\(outcome.everything)")
      #expect(outcome.errors.contains("not finite; the replay names the layer and the samples"), "\(outcome.errors)")
      let command = try #require(outcome.errors.firstRange(of: "debug replay ")).lowerBound
      let words = outcome.errors[command...].prefix { $0 != "\n" }.split(separator: " ").map(String.init)
      let replayed = try place.cnnDist(words)
      #expect(replayed.status == 6 && replayed.errors.contains("layer 'fc"), "\(replayed.everything)")
    }
  }

  /// The state that is saved is that of a run which ends before the step of its own accord.
  @Test func `the state before a step that is not finite has the bits of a run that ends there`() throws {
    try Workplace.run { place throws in
      let wild = ["train.schedule={constant: {rate: 1.0e+5}}", "train.optimizer={sgd: {momentum: 0.9}}"]
      #expect(try place.train("cut", wild, ranks: 3).status == 6)
      let steps = try place.text("cut/ledger.jsonl").split(separator: "\n").count
      _ = try place.hash("short", wild + ["train.steps=\(steps)"])
      for file in ["model.safetensors", "optimizer.safetensors"] {
        let paths = ["cut", "short"].map { "\(place.path)/\($0)/checkpoints/step-000000\(steps)/\(file)" }
        let contents = paths.map { FileManager.default.contents(atPath: $0) }
        #expect(contents[0] != nil && contents[0] == contents[1], "\(file)")
      }
    }
  }

  @Test func `debug mode lists statistics of activations and gradients`() throws {
    try Workplace.run { place throws in
      let outcome = try place.train("run", options: ["--debug"])
      #expect(outcome.output.contains("conv1 y") && outcome.output.contains("gradient of conv1.weight"))
    }
  }

  @Test func `what is computed twice is listed once`() throws {
    try Workplace.run { place throws in
      let settings = ["model=resnet20", "train.steps=2"]
      let plain = try place.train("plain", settings, options: ["--debug"])
      let twice = try place.train("twice", settings + ["train.recompute=blocks"], options: ["--debug"])
      let tables = [plain, twice].map { $0.output.split(separator: "\n").filter { $0.hasPrefix("  ") } }
      #expect(tables[0].count > 100 && tables[0] == tables[1], "\(twice.everything)")
    }
  }

  @Test func `gradients agree with finite differences, and the engine with the interpreter`() throws {
    for model in ["mlp", "lenet5"] {
      let outcome = try Programs.run([try Programs.path(of: "cnn-dist"), "debug", "gradcheck", model])
      #expect(outcome.status == 0 && !outcome.output.contains("BAD"), "\(outcome.everything)")
      #expect(outcome.output.contains("fc1.weight") || model == "mlp", "\(outcome.everything)")
      #expect(outcome.output.contains("output in evaluation"), "\(outcome.everything)")
    }
  }

  /// The matrix product of OpenBLAS is replaced, as a broken build of it would be, by one that is wrong a little.
  @Test(.timeLimit(.minutes(3)), arguments: ["1.5f", "1.002f"])
  func `a broken kernel fails the gradient check, by name`(factor: String) throws {
    try Workplace.run { place throws in
      try place.write(
        """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        typedef void product(int, int, int, int, int, int, float, const float *, int, const float *, int, float, \
        float *, int);
        product cblas_sgemm;
        void cblas_sgemm(int order, int left, int right, int m, int n, int k, float alpha, const float *a, int a_stride,
                         const float *b, int b_stride, float beta, float *c, int c_stride) {
          product *sound = (product *)dlsym(RTLD_NEXT, "cblas_sgemm");
          sound(order, left, right, m, n, k, alpha * FACTOR, a, a_stride, b, b_stride, beta, c, c_stride);
        }
        """, to: "wrong.c")
      let made = try Programs.run(
        ["cc", "-O1", "-shared", "-fPIC", "-DFACTOR=\(factor)", "-o", "wrong.so", "wrong.c", "-ldl"], in: place.path)
      try #require(made.status == 0, "\(made.everything)")
      let program = ["LD_PRELOAD=\(place.path)/wrong.so", try Programs.path(of: "cnn-dist"), "debug", "gradcheck"]
      let outcome = try Programs.run(program + ["lenet5"], in: place.path)
      #expect(outcome.status == 1, "\(outcome.everything)")
      #expect(outcome.errors.contains("'fc1'") && outcome.errors.contains("interpreter"), "\(outcome.errors)")
      #expect(outcome.output.contains("BAD") && outcome.output.contains("fc3.weight"), "\(outcome.output)")
      // The interpreter itself is still right, and a model without products passes.
      #expect(!outcome.errors.contains("finite differences"), "\(outcome.errors)")
      try place.write(
        "input: [1, 8, 8]\nlayers: [{convolution: {channels: 3}}, relu, global-average-pool]", to: "convolution.yaml")
      let other = try Programs.run(program + ["convolution.yaml"], in: place.path)
      #expect(other.status == 0, "\(other.everything)")
    }
  }
}
