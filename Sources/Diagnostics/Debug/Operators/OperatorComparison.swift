import Engine
import Kernels
import Network
import Operators
import Planner
import Reference
import StrictYAML

/// One operator alone on a random geometry: the engine beside the double-precision interpreter, and that beside finite
/// differences.
package struct OperatorComparison {
  private let network: NetworkDescription
  private let loss: Loss
  private let batch: Int
  private let seed: UInt64

  /// The case of the given seed for a word of `RandomModel.kinds`, or for a loss.
  package init(_ word: String, seed: UInt64) {
    self.seed = seed
    batch = [1, 3, 4, 2][Int(seed % 4)]
    if Loss.alternatives.contains(where: { $0.name == word }) {
      network = RandomModel.outputLayer(seed: seed)
      loss = RandomModel.loss(of: word, for: (try? network.output()) ?? network.input, seed: seed)
    } else {
      network = RandomModel.single(word, seed: seed)
      loss = .meanSquaredError(MeanSquaredErrorLoss(targets: .values))
    }
  }

  /// The errors of the engine against the interpreter.
  package func againstInterpreter() throws -> OperatorErrors {
    var options = PlanOptions(microBatch: batch, microBatches: 1)
    options.loss = loss
    options.imageGradient = true
    let plan = try Planner.plan(network, options: options)
    let samples = SampleBatch(randomFor: plan.training, seed: seed)
    let parameters = InitialParameters.values(plan.layout, seed: seed)
    let want = ReferenceInterpreter(plan: plan).train(
      ReferenceBatch(samples), parameters: parameters.map(Double.init), seed: seed, step: 0, globalBatch: batch)
    return try errors(plan, samples, parameters, want)
  }

  private func errors(
    _ plan: StepPlan, _ samples: SampleBatch, _ parameters: [Float], _ want: ReferenceResult
  ) throws -> OperatorErrors {
    var executor = try Executor(plan: plan)
    var gradient = [Float](repeating: 0, count: plan.layout.exchangedCount)
    let context = StepContext(seed: seed, step: 0, globalBatch: batch)
    var observer = NoObserver()
    _ = executor.train(samples, parameters: parameters, gradient: &gradient, context: context, observer: &observer)
    var errors = OperatorErrors(cases: 1)
    let floor = OperatorErrors.smallest * gradientScale(plan.training, want)
    errors.forward = OperatorErrors.distance(executor.numbers(plan.training.logits), want.logits)
    for statistics in plan.layout.statistics {
      for range in [statistics.mean, statistics.variance] {
        let error = OperatorErrors.distance(Array(gradient[range]), want.gradients[range], floor: 1e-3)
        errors.forward = max(errors.forward, error)
      }
    }
    if let slot = plan.training.imageGradient {
      errors.input = OperatorErrors.distance(executor.numbers(slot), want.imageGradient ?? [], floor: floor)
    }
    for parameter in plan.layout.parameters {
      let (got, exact) = (Array(gradient[parameter.range]), want.gradients[parameter.range])
      errors.widenParameters(OperatorErrors.distance(got, exact, floor: floor))
    }
    return errors
  }

  /// The largest norm of the gradients that the losses send back.
  private func gradientScale(_ program: Program, _ result: ReferenceResult) -> Double {
    program.instructions.reduce(0) { largest, instruction in
      guard case .loss = instruction.operation else { return largest }
      return max(largest, result.slots[instruction.writes[0].index].reduce(0) { $0 + $1 * $1 }.squareRoot())
    }
  }

  /// The errors of the interpreter's gradients against finite differences; it has no other forward pass to compare
  /// with.
  package func againstDifferences() throws -> OperatorErrors {
    let check = try GradientCheck(network: network, loss: loss, batch: batch, seed: seed)
    var errors = OperatorErrors(cases: 1)
    for row in check.run(progress: { _ in }) {
      if row.name == "images" {
        errors.input = row.relativeError
      } else {
        errors.widenParameters(row.relativeError)
      }
    }
    return errors
  }
}

extension ReferenceBatch {
  /// The same samples in double precision.
  init(_ samples: SampleBatch) {
    self.init(
      images: samples.images.map(Double.init), labels: samples.labels.map(Int.init), samples: samples.ids,
      valid: samples.valid, targets: samples.targets.map { $0.map(Double.init) })
  }
}
