import Checkpoints
import Engine
import Interchange
import Kernels
package import Network
package import Operators
import Planner
package import Training

/// `debug step`: one forward and backward pass on a batch from a file, for comparing with other frameworks.
package struct DebugStep {
  /// The network.
  package var model: NetworkDescription
  /// The loss of its output.
  package var loss = Loss.crossEntropy(CrossEntropyLoss())
  /// Key of initial weights and dropout.
  package var seed: UInt64 = 1
  /// Whether to write the gradient with respect to the images too.
  package var imageGradient = false

  /// A pass through `model`.
  package init(_ model: NetworkDescription) { self.model = model }

  /// Runs the pass and writes logits, loss, gradients, running statistics, heads' outputs and dropout masks.
  ///
  /// - Parameters:
  ///   - batch: a safetensors file with `images` [N, C, H, W] float32, and `labels` int64 or `targets` float32 as the
  ///     loss reads them.
  ///   - weights: a safetensors file with the parameters by name; nil for the initial ones.
  ///   - output: the safetensors file to write.
  /// - Throws: `RunError` if a file, a shape or a label does not fit.
  package func run(batch: String, weights: String?, output: String) throws(RunError) {
    do {
      try KernelSet.configure(.auto)
      let samples = try SafeTensors.read(batch).tensors
      let parameters = try weights.map { ($0, try SafeTensors.read($0).tensors) }
      let results = try results(batch: samples, source: batch, weights: parameters)
      try SafeTensors.write(results.tensors, metadata: ["model": model.name], to: output)
      print("\(output): logits, loss and \(results.gradients) gradients of \(results.samples) samples")
    } catch {
      throw RunError.unusable(error)
    }
  }

  /// What a pass leaves behind.
  struct Results {
    /// The tensors under their names.
    var tensors: [NamedTensor]
    /// The output in evaluation with the same parameters.
    let evaluation: NamedTensor
    /// The number of parameters' gradients among them.
    let gradients: Int
    /// The number of samples.
    let samples: Int
    /// The largest norm of the gradients that the losses send back: the size that a gradient of the step has.
    let gradientScale: Double
  }

  /// Runs the pass on tensors in memory.
  ///
  /// - Parameters:
  ///   - batch: the batch, from `source`.
  ///   - weights: the parameters, and the file that they come from; nil for the initial ones.
  func results(
    batch: [String: NamedTensor], source: String, weights: (source: String, tensors: [String: NamedTensor])?
  ) throws -> Results {
    var samples = try StepSamples(batch, source: source, model: model)
    var options = PlanOptions(microBatch: samples.count, microBatches: 1)
    options.loss = loss
    options.imageGradient = imageGradient
    let plan = try Planner.plan(model, options: options)
    try samples.readAnswers(for: plan.training)
    return try compute(plan, samples.samples, try parameters(weights, layout: plan.layout))
  }

  private func parameters(
    _ weights: (source: String, tensors: [String: NamedTensor])?, layout: FlatLayout
  ) throws -> [Float] {
    var flat = InitialParameters.values(layout, seed: seed)
    guard let (source, tensors) = weights else { return flat }
    do {
      try ModelTensors.store(tensors, layout: layout, into: &flat)
      if tensors.keys.contains(where: { $0.hasSuffix(".running_mean") }) {
        try ModelTensors.storeStatistics(tensors, layout: layout, into: &flat)
      }
    } catch {
      throw RunError(.unusable, "\(source): \(error)")
    }
    return flat
  }

  private func compute(
    _ plan: StepPlan, _ samples: SampleBatch, _ parameters: [Float]
  ) throws -> Results {
    var executor = try Executor(plan: plan)
    var gradient = [Float](repeating: 0, count: plan.layout.exchangedCount)
    let context = StepContext(seed: seed, step: 0, globalBatch: samples.valid)
    var observer = StepObserver(inputs: try model.inputShapes())
    let score = executor.train(
      samples, parameters: parameters, gradient: &gradient, context: context, observer: &observer)
    let loss = Float(score.loss / Double(samples.valid))
    let imageGradient = plan.training.imageGradient.map {
      NamedTensor(features: executor.numbers($0), "grad.images", shape: model.input, samples: plan.training.batch)
    }
    let tensors =
      [NamedTensor(name: "loss", shape: [], elements: .float32([loss]))] + observer.found
      + ModelTensors.trained(gradient, layout: plan.layout, prefix: "grad.")
      + (imageGradient.map { [$0] } ?? [])
      + statistics(plan.layout, gradient: gradient, parameters: parameters)
    return Results(
      tensors: tensors, evaluation: evaluation(&executor, samples, parameters),
      gradients: plan.layout.trainedParameters.count, samples: samples.valid,
      gradientScale: observer.gradientScale)
  }

  private func evaluation(_ executor: inout Executor, _ samples: SampleBatch, _ parameters: [Float]) -> NamedTensor {
    _ = executor.evaluate(samples, parameters: parameters)
    let program = executor.plan.evaluation
    return NamedTensor(
      features: executor.numbers(program.logits), "evaluation", shape: program.output, samples: program.batch)
  }

  /// The running statistics that the step has moved.
  private func statistics(_ layout: FlatLayout, gradient: [Float], parameters: [Float]) -> [NamedTensor] {
    layout.updatedStatistics.flatMap { statistics in
      [("running_mean", statistics.mean), ("running_var", statistics.variance)].map { name, range in
        let values = range.map { (1 - statistics.momentum) * parameters[$0] + statistics.momentum * gradient[$0] }
        return NamedTensor(name: "\(statistics.path).\(name)", shape: [range.count], elements: .float32(values))
      }
    }
  }
}

/// Takes note of what only lives for a while: outputs that a loss sees, and the masks of dropout.
private struct StepObserver: ProgramObserver {
  /// What goes into each layer, by its path.
  let inputs: [String: Shape]
  var found: [NamedTensor] = []
  var gradientScale = 0.0

  init(inputs: [String: Shape]) { self.inputs = inputs }

  mutating func after(_ index: Int, in execution: borrowing Execution) {
    let instruction = execution.program.instructions[index]
    switch instruction.operation {
    case .loss(let term):
      let name = term.isMain ? "logits" : "head" + instruction.path.dropFirst("loss".count)
      found.append(execution.tensor(name, instruction.reads[0], shape: term.output))
      gradientScale = max(gradientScale, norm(execution.numbers(instruction.writes[0])))
    case .dropout(_, _, let rows, let columns):
      let name = "mask.\(instruction.path)"
      if rows == 1, let shape = inputs[instruction.path] {
        found.append(execution.tensor(name, instruction.writes[1], shape: shape))
      } else {
        let numbers = execution.numbers(instruction.writes[1])
        found.append(
          NamedTensor(name: name, shape: [numbers.count / columns, columns, 1, 1], elements: .float32(numbers)))
      }
    default: break
    }
  }

  mutating func bucketComplete(_ bucket: Int) {}
}

/// The Euclidean norm.
private func norm(_ numbers: [Float]) -> Double {
  numbers.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
}

extension NamedTensor {
  /// The features of some samples as a tensor in the order of files.
  fileprivate init(features: [Float], _ name: String, shape: Shape, samples: Int) {
    self.init(
      name: name, shape: PlaneOrder.shape(shape, samples: samples),
      elements: .float32(PlaneOrder.channelsFirst(features, samples: samples, shape: shape)))
  }
}

extension Execution {
  /// A slot of features of the given shape as a tensor in the order of files.
  fileprivate func tensor(_ name: String, _ slot: SlotID, shape: Shape) -> NamedTensor {
    NamedTensor(features: numbers(slot), name, shape: shape, samples: program.batch)
  }
}

extension NetworkDescription {
  /// What goes into each layer, by its path.
  fileprivate func inputShapes() throws(NetworkError) -> [String: Shape] {
    Dictionary(try layerTable().map { ($0.path, $0.input) }) { first, _ in first }
  }
}
