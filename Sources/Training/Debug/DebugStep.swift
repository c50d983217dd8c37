import Datasets
import Engine
import Interchange
import Kernels
package import Network
import Planner

/// `debug step`: one forward and backward pass on a batch from a file, for comparing with other frameworks.
package enum DebugStep {
  /// Runs the pass and writes logits, loss, gradients and running statistics.
  ///
  /// - Parameters:
  ///   - model: the network.
  ///   - batch: a safetensors file with `images` [N, C, H, W] float32 and `labels` [N] int64.
  ///   - weights: a safetensors file with the parameters by name; nil for the initial ones.
  ///   - output: the safetensors file to write.
  /// - Throws: `RunError` if a file, a shape or a label does not fit.
  package static func run(
    model: NetworkDescription, batch: String, weights: String?, output: String, seed: UInt64, labelSmoothing: Float
  ) throws(RunError) {
    let samples = try StepSamples(path: batch, model: model)
    do {
      try KernelSet.configure(.auto)
      var options = PlanOptions(microBatch: samples.count, microBatches: 1)
      options.labelSmoothing = labelSmoothing
      let plan = try Planner.plan(model, options: options)
      try samples.checkLabels(classes: plan.training[plan.training.logits].count / samples.count)
      let parameters = try parameters(weights, layout: plan.layout, seed: seed)
      let results = try compute(plan, samples, parameters, seed: seed)
      try SafeTensors.write(results, metadata: ["model": model.name], to: output)
      print("\(output): logits, loss and \(plan.layout.parameters.count) gradients of \(samples.count) samples")
    } catch {
      throw RunError.unusable(error)
    }
  }

  private static func parameters(_ path: String?, layout: FlatLayout, seed: UInt64) throws -> [Float] {
    var flat = InitialParameters.values(layout, seed: seed)
    guard let path else { return flat }
    let tensors = try SafeTensors.read(path).tensors
    do {
      try ModelTensors.store(tensors, layout: layout, into: &flat)
      if tensors.keys.contains(where: { $0.hasSuffix(".running_mean") }) {
        try ModelTensors.storeStatistics(tensors, layout: layout, into: &flat)
      }
    } catch {
      throw RunError(.unusable, "\(path): \(error)")
    }
    return flat
  }

  private static func compute(
    _ plan: StepPlan, _ samples: StepSamples, _ parameters: [Float], seed: UInt64
  ) throws -> [NamedTensor] {
    var executor = try Executor(plan: plan)
    var gradient = [Float](repeating: 0, count: plan.layout.count)
    let context = StepContext(seed: seed, step: 0, globalBatch: samples.count)
    var observer = NoObserver()
    let score = unsafe samples.withMicroBatch { batch in
      unsafe parameters.withUnsafeBufferPointer { parameters in
        unsafe gradient.withUnsafeMutableBufferPointer { gradient -> Score in
          guard let p = parameters.baseAddress, let g = gradient.baseAddress else { return Score() }
          return unsafe executor.train(batch, parameters: p, gradient: g, context: context, observer: &observer)
        }
      }
    }
    let logits = executor.read(plan.training.logits) { span in span.indices.map { span[$0] } }
    let count = samples.count
    return [
      NamedTensor(name: "logits", shape: [count, logits.count / count], elements: .float32(logits)),
      NamedTensor(name: "loss", shape: [], elements: .float32([Float(score.loss / Double(count))])),
    ] + ModelTensors.parameters(gradient, layout: plan.layout, prefix: "grad.")
      + statistics(plan.layout, gradient: gradient, parameters: parameters)
  }

  /// The running statistics after the step.
  private static func statistics(_ layout: FlatLayout, gradient: [Float], parameters: [Float]) -> [NamedTensor] {
    layout.statistics.flatMap { statistics in
      [("running_mean", statistics.mean), ("running_var", statistics.variance)].map { name, range in
        let values = range.map { (1 - statistics.momentum) * parameters[$0] + statistics.momentum * gradient[$0] }
        return NamedTensor(name: "\(statistics.path).\(name)", shape: [range.count], elements: .float32(values))
      }
    }
  }
}
