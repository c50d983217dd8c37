import Engine
import Planner

/// All that one run of a program leaves behind.
struct Outcome {
  var score = Score()
  var logits: [Float] = []
  /// The flat gradient buffer; NaN in the gaps between tensors. Empty after an evaluation.
  var gradient: [Float] = []
  var imageGradient: [Float] = []

  /// Everything as bits, gradients by name.
  func bits(_ layout: FlatLayout) -> [String: [UInt64]] {
    var bits = ["score": [score.loss.bitPattern, UInt64(score.correct), UInt64(score.samples)]]
    bits["logits"] = logits.bits
    bits["images"] = imageGradient.bits
    guard !gradient.isEmpty else { return bits }
    for parameter in layout.trainedParameters { bits[parameter.name] = gradient[parameter.range].bits }
    for statistics in layout.updatedStatistics {
      bits["\(statistics.path).mean"] = gradient[statistics.mean].bits
      bits["\(statistics.path).variance"] = gradient[statistics.variance].bits
    }
    bits["metrics"] = gradient[layout.metrics].bits
    return bits
  }
}

extension Sequence<Float> {
  fileprivate var bits: [UInt64] { map { UInt64($0.bitPattern) } }
}

extension Subject {
  /// Runs the training program; the gradient buffer holds NaN before.
  func train(on executor: inout Executor) -> Outcome {
    var observer = NoObserver()
    return train(on: &executor, observer: &observer)
  }

  /// Runs the training program on an executor of its own.
  func train() throws -> Outcome {
    var executor = try Executor(plan: plan)
    return train(on: &executor)
  }

  /// Runs the training program while `observer` looks on; it must not throw.
  func train<Observer: ProgramObserver & ~Copyable>(
    on executor: inout Executor, observer: inout Observer
  ) -> Outcome where Observer.Failure == Never {
    var parameters = parameters
    var gradient = [Float](repeating: .nan, count: plan.layout.exchangedCount)
    return unsafe parameters.withUnsafeMutableBufferPointer { parameters in
      unsafe gradient.withUnsafeMutableBufferPointer { gradient in
        unsafe train(on: &executor, parameters, gradient, observer: &observer)
      }
    }
  }

  /// Runs the training program on the given flat buffers.
  func train<Observer: ProgramObserver & ~Copyable>(
    on executor: inout Executor, _ parameters: UnsafeMutableBufferPointer<Float>,
    _ gradient: UnsafeMutableBufferPointer<Float>, observer: inout Observer
  ) -> Outcome where Observer.Failure == Never {
    guard let p = parameters.baseAddress, let g = gradient.baseAddress else { return Outcome() }
    let score = unsafe executor.train(
      batch.microBatch, parameters: p, gradient: g, context: context, observer: &observer)
    let imageGradient = plan.training.imageGradient.map { executor.numbers($0) } ?? []
    return Outcome(
      score: score, logits: executor.numbers(plan.training.logits), gradient: unsafe Array(gradient),
      imageGradient: imageGradient)
  }

  /// Runs the evaluation program.
  func evaluate(on executor: inout Executor) -> Outcome {
    var observer = NoObserver()
    let score = unsafe parameters.withUnsafeBufferPointer { parameters -> Score in
      guard let p = parameters.baseAddress else { return Score() }
      return unsafe executor.evaluate(batch.microBatch, parameters: p, observer: &observer)
    }
    return Outcome(score: score, logits: executor.numbers(plan.evaluation.logits))
  }

  /// Runs the evaluation program on an executor of its own.
  func evaluate() throws -> Outcome {
    var executor = try Executor(plan: plan)
    return evaluate(on: &executor)
  }

  private var batch: SampleBatch {
    var batch = SampleBatch(images: images, labels: labels, targets: targets, ids: samples)
    batch.valid = valid
    return batch
  }
}
