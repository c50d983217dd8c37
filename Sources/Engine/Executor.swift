// Runs the planner's programs by the kernels: finds the operands of each instruction in the arena and the flat buffers,
// and calls one kernel for each. What is computed and where it lies is decided before; the engine decides nothing.

package import Kernels
package import Planner

/// Owns one arena and runs the programs of a plan in it, one instruction after the other on the calling thread.
package struct Executor: ~Copyable {
  /// The programs and their layout.
  package let plan: StepPlan
  /// The program that ran last; the values of its live slots are still in the arena.
  package private(set) var program: Program
  /// The memory of all slots but the images.
  private var arena: AlignedBuffer

  /// The layout of the flat buffers.
  package var layout: FlatLayout { plan.layout }

  /// An executor with an arena of its own, large enough for the plan's programs.
  ///
  /// - Throws: an error with the size if the arena cannot be allocated.
  package init(plan: StepPlan) throws(KernelError) {
    self.plan = plan
    self.program = plan.training
    self.arena = try AlignedBuffer.zeros(max(1, plan.training.arenaCount, plan.evaluation.arenaCount))
  }

  /// Fills the arena with NaN: what reads a value before it is written then shows in the results.
  package mutating func poisonArena() {
    arena.withMutableSpan { Elementwise.fill(.nan, into: &$0) }
  }

  /// Runs the training program for one micro-batch.
  ///
  /// - Parameters:
  ///   - batch: the samples.
  ///   - parameters: the flat parameter buffer, `layout.count` floats.
  ///   - gradient: the flat buffer that receives this micro-batch's gradient, `layout.exchangedCount` floats; its
  ///     trailer gets the statistics and the metrics loss, correct and samples, all else of the trailer becomes zero.
  ///     The gaps between tensors are left as they are.
  ///   - context: seed, step and global batch.
  ///   - observer: called between instructions.
  /// - Returns: what the losses found.
  package mutating func train<Observer: ProgramObserver & ~Copyable>(
    _ batch: borrowing MicroBatch, parameters: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>,
    context: StepContext, observer: inout Observer
  ) throws(Observer.Failure) -> Score {
    program = plan.training
    var execution = unsafe Execution(
      program, layout: layout, arena: arena, batch: batch, parameters: parameters, gradient: gradient, context: context)
    execution.clearTrailer()
    try execution.run(&observer)
    return execution.score
  }

  /// Runs the evaluation program for one micro-batch; the logits stay in the arena.
  ///
  /// - Returns: what the losses found.
  package mutating func evaluate<Observer: ProgramObserver & ~Copyable>(
    _ batch: borrowing MicroBatch, parameters: UnsafePointer<Float>, observer: inout Observer
  ) throws(Observer.Failure) -> Score {
    program = plan.evaluation
    let context = StepContext(seed: 0, step: 0, globalBatch: plan.options.globalBatch)
    var execution = unsafe Execution(
      program, layout: layout, arena: arena, batch: batch, parameters: parameters, gradient: nil, context: context)
    try execution.run(&observer)
    return execution.score
  }

  /// A copy of the values of a slot of the program that ran last. The slot must be live, and not that of the images,
  /// which are the caller's.
  package func numbers(_ id: SlotID) -> [Float] {
    precondition(id != program.images, "the images do not lie in the arena")
    return arena.withSpan(program[id].range) { values in values.indices.map { values[$0] } }
  }
}

/// The same on buffers with memory of their own, for benchmarks, comparisons and tests.
extension Executor {
  /// Runs the training program; see `train(_:parameters:gradient:context:observer:)`.
  package mutating func train<Observer: ProgramObserver & ~Copyable>(
    _ samples: SampleBatch, parameters: [Float], gradient: inout [Float], context: StepContext,
    observer: inout Observer
  ) throws(Observer.Failure) -> Score {
    precondition(parameters.count == layout.count, "\(layout.count) parameters")
    precondition(gradient.count == layout.exchangedCount, "\(layout.exchangedCount) floats of the gradient")
    return try unsafe parameters.withUnsafeBufferPointer { parameters throws(Observer.Failure) in
      try unsafe gradient.withUnsafeMutableBufferPointer { gradient throws(Observer.Failure) in
        guard let p = parameters.baseAddress, let g = gradient.baseAddress else { return Score() }
        return try unsafe train(samples.microBatch, parameters: p, gradient: g, context: context, observer: &observer)
      }
    }
  }

  /// Runs the evaluation program.
  package mutating func evaluate(_ samples: SampleBatch, parameters: [Float]) -> Score {
    precondition(parameters.count == layout.count, "\(layout.count) parameters")
    var observer = NoObserver()
    return unsafe parameters.withUnsafeBufferPointer { parameters in
      guard let p = parameters.baseAddress else { return Score() }
      return unsafe evaluate(samples.microBatch, parameters: p, observer: &observer)
    }
  }
}

/// What is called between the instructions of a program: it polls the exchange, times instructions, or checks tensors.
package protocol ProgramObserver: ~Copyable {
  /// What it may throw to end the run of the program.
  associatedtype Failure: Error
  /// Called before an instruction.
  mutating func before(_ index: Int)
  /// Called after an instruction other than `bucketComplete`.
  mutating func after(_ index: Int, in execution: borrowing Execution) throws(Failure)
  /// Called where the gradients of `bucket` are final.
  mutating func bucketComplete(_ bucket: Int) throws(Failure)
}

extension ProgramObserver where Self: ~Copyable {
  /// Nothing happens before an instruction.
  package mutating func before(_ index: Int) {}
}

/// An observer that does nothing.
package struct NoObserver: ProgramObserver {
  /// An observer that does nothing.
  package init() {}
  package mutating func after(_ index: Int, in execution: borrowing Execution) {}
  package mutating func bucketComplete(_ bucket: Int) {}
}
