package import Planner
package import Randomness

// This room is the judge of the engine. It interprets the same programs in double precision with plain loops, one
// function for each operation, and shares no code with the kernels; finite differences are the judge of the interpreter
// in turn. `RandomModels` draws the networks and losses that both are tried on. It also serves users: `debug gradcheck`
// and `debug operators` run from here.

/// One micro-batch in double precision.
package struct ReferenceBatch: Sendable {
  /// The images: [sample, height, width, channel].
  package var images: [Double]
  /// One label per sample, or per position of each sample where `Program.labels` says so, each below the number of
  /// classes.
  package var labels: [Int]
  /// One sample identity per sample; they key the dropout masks.
  package var samples: [UInt64]
  /// How many samples count, from the first; the others fill up the micro-batch and add neither loss nor gradient.
  package var valid: Int
  /// The values of each of `Program.targets`: [sample, height, width, channel].
  package var targets: [[Double]]

  /// A micro-batch.
  package init(images: [Double], labels: [Int], samples: [UInt64], valid: Int, targets: [[Double]] = []) {
    self.images = images
    self.labels = labels
    self.samples = samples
    self.valid = valid
    self.targets = targets
  }
}

/// What the interpreter finds for one micro-batch.
package struct ReferenceResult: Sendable {
  /// The sum of the valid samples' losses, those of heads with their weights.
  package var loss: Double
  /// The number of valid samples that the network's output gets right: the largest channel is the label's at each
  /// position, or the nearest other sample is of the same class; none where the loss knows no classes.
  package var correct: Int
  /// The network's output: [sample, height, width, channel].
  package var logits: [Double]
  /// The micro-batch's gradient in the flat layout: the parameters' gradients, and in the statistics part the
  /// micro-batch's means and unbiased variances; zero elsewhere. Empty after an evaluation.
  package var gradients: [Double]
  /// The gradient with respect to the images, where the plan asks for it.
  package var imageGradient: [Double]?
  /// What each slot of the program holds at the end; empty for scratch and for what was not written. Max-pool indices
  /// are indices in the sample's input: (row · width + column) · channels + channel.
  package var slots: [[Double]]
}

/// Runs a step program in double precision with plain loops: the slow twin of the fast engine.
///
/// Every slot has its own memory, so a mistake in the arena plan cannot hide here, and no library does any arithmetic.
package struct ReferenceInterpreter: Sendable {
  private let plan: StepPlan

  /// An interpreter of the two programs of `plan`.
  package init(plan: StepPlan) { self.plan = plan }

  /// Runs the training program.
  ///
  /// - Parameters:
  ///   - batch: the micro-batch, of the size that the plan was made for.
  ///   - parameters: the flat parameter buffer, `layout.count` values.
  ///   - seed: the run's seed; with the step and the samples it keys the dropout masks.
  ///   - step: the step.
  ///   - globalBatch: the number of samples by which the gradient is divided.
  ///   - disturbance: errors on the results of all instructions; nil for none.
  package func train(
    _ batch: ReferenceBatch, parameters: [Double], seed: UInt64, step: Int, globalBatch: Int,
    disturbance: Disturbance? = nil
  ) -> ReferenceResult {
    var execution = Execution(
      plan.training, layout: plan.layout, batch: batch, parameters: parameters,
      dropoutKey: DropoutKey(seed: seed, step: step), globalBatch: globalBatch)
    Self.run(plan.training, &execution, disturbance)
    return execution.result
  }

  /// Runs the evaluation program, which uses the running statistics and no dropout.
  package func evaluate(
    _ batch: ReferenceBatch, parameters: [Double], disturbance: Disturbance? = nil
  ) -> ReferenceResult {
    var execution = Execution(
      plan.evaluation, layout: plan.layout, batch: batch, parameters: parameters,
      dropoutKey: DropoutKey(seed: 0, step: 0), globalBatch: batch.valid)
    Self.run(plan.evaluation, &execution, disturbance)
    var result = execution.result
    result.gradients = []
    return result
  }

  private static func run(_ program: Program, _ execution: inout Execution, _ disturbance: Disturbance?) {
    var disturbance = disturbance
    for instruction in program.instructions {
      execution.run(instruction)
      if var errors = disturbance {
        execution.disturb(instruction, by: &errors)
        disturbance = errors
      }
    }
  }
}

/// Small random errors on everything that a program computes, as single precision makes them, but in the hands of the
/// interpreter: what a result does under them, it may do in any sound single-precision engine.
package struct Disturbance: Sendable {
  /// The standard deviation of an error, relative to the value.
  private let size: Double
  private var random: RandomStream

  /// Errors of the given relative size, drawn from `random`.
  package init(size: Double, random: RandomStream) {
    self.size = size
    self.random = random
  }

  /// The values with errors on them; zeros stay. An error is relative to the value, or to the root of the mean square
  /// of all of them if that is larger: a small value is often the sum of large ones.
  package mutating func moved(_ values: [Double]) -> [Double] {
    let mean = values.reduce(0) { $0 + $1 * $1 } / Double(max(1, values.count))
    let (usual, width) = (mean.squareRoot(), size * 12.0.squareRoot())
    return values.map { value in
      value == 0 ? 0 : value + width * max(abs(value), usual) * (Double(random.uniform()) - 0.5)
    }
  }
}

extension Execution {
  /// Puts errors on what an instruction has written. Indices of max pooling are left alone.
  mutating func disturb(_ instruction: Instruction, by disturbance: inout Disturbance) {
    let isPooling = if case .maxPooling = instruction.operation { true } else { false }
    for slot in isPooling ? instruction.writes.prefix(1) : instruction.writes[...] {
      slots[slot.index] = disturbance.moved(slots[slot.index])
    }
  }
}
