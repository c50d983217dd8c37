package import Kernels
package import Planner

/// Runs a program: it owns one arena and executes the instructions one after the other on the calling thread.
///
/// This file and its extensions in `Operations` turn the planner's offsets into spans; the bounds hold because the
/// verifier has checked the plan and every slot's range lies within the arena. The kernels check all counts again.
@safe
package struct Executor: ~Copyable {
  /// The programs and their layout.
  package let plan: StepPlan
  /// The program that runs, or ran last.
  package private(set) var program: Program
  /// The memory of all slots but the images.
  let arena: AlignedBuffer
  /// The pointers of the running micro-batch; nil between two of them.
  var frame: Frame?

  /// The pointers that change from micro-batch to micro-batch.
  @unsafe
  struct Frame {
    /// The samples.
    let batch: MicroBatch
    /// The flat parameter buffer.
    let parameters: UnsafePointer<Float>
    /// The flat buffer for this micro-batch's gradient; nil in evaluation.
    let gradient: UnsafeMutablePointer<Float>?
    /// Seed, step and global batch.
    let context: StepContext
    /// What the loss has found.
    var score = Score()
  }

  /// The layout of the flat buffers.
  package var layout: FlatLayout { plan.layout }

  /// An executor with an arena of its own, large enough for the plan's programs.
  ///
  /// - Throws: an error with the size if the arena cannot be allocated.
  package init(plan: StepPlan) throws(KernelError) {
    self.plan = plan
    self.program = plan.training
    self.arena = try AlignedBuffer.zeros(max(1, plan.training.arenaCount, plan.evaluation.arenaCount))
    unsafe self.frame = nil
  }

  /// Fills the arena with NaN: what reads a number before it is written then shows in the results.
  package mutating func poisonArena() {
    unsafe arena.unsafeBase.update(repeating: .nan, count: arena.count)
  }

  /// Runs the training program for one micro-batch.
  ///
  /// - Parameters:
  ///   - batch: the samples.
  ///   - parameters: the flat parameter buffer, `layout.count` numbers.
  ///   - gradient: the flat buffer that receives this micro-batch's gradient, `layout.exchangedCount` numbers; its trailer gets
  ///     the statistics and the metrics loss, correct and samples, all else of the trailer becomes zero. The gaps
  ///     between tensors are left as they are.
  ///   - context: seed, step and global batch.
  ///   - observer: who looks on.
  package mutating func train<Observer: ProgramObserver & ~Copyable>(
    _ batch: MicroBatch, parameters: UnsafePointer<Float>, gradient: UnsafeMutablePointer<Float>,
    context: StepContext, observer: inout Observer
  ) throws(Observer.Failure) -> Score {
    let trailer = layout.parameterEnd..<layout.exchangedCount
    unsafe (gradient + trailer.lowerBound).update(repeating: 0, count: trailer.count)
    let frame = unsafe Frame(batch: batch, parameters: parameters, gradient: gradient, context: context)
    return unsafe try run(plan.training, frame, observer: &observer)
  }

  /// Runs the evaluation program for one micro-batch; the logits stay in the arena.
  package mutating func evaluate<Observer: ProgramObserver & ~Copyable>(
    _ batch: MicroBatch, parameters: UnsafePointer<Float>, observer: inout Observer
  ) throws(Observer.Failure) -> Score {
    let context = StepContext(seed: 0, step: 0, globalBatch: plan.options.globalBatch)
    let frame = unsafe Frame(batch: batch, parameters: parameters, gradient: nil, context: context)
    return unsafe try run(plan.evaluation, frame, observer: &observer)
  }

  private mutating func run<Observer: ProgramObserver & ~Copyable>(
    _ program: Program, _ frame: Frame, observer: inout Observer
  ) throws(Observer.Failure) -> Score {
    self.program = program
    unsafe self.frame = frame
    for (index, instruction) in program.instructions.enumerated() {
      if case .bucketComplete(let bucket) = instruction.operation {
        try observer.bucketComplete(bucket)
      } else {
        observer.before(index)
        execute(instruction)
        try observer.after(index, in: self)
      }
    }
    defer { unsafe self.frame = nil }
    return unsafe self.frame?.score ?? Score()
  }

  /// Hands the numbers of a slot to `body`, for checks and reports. The slot must be live.
  package func read<Result>(_ id: SlotID, _ body: (Span<Float>) -> Result) -> Result {
    let span = unsafe input(id).span
    return body(span)
  }

  /// A copy of the numbers of a slot. The slot must be live.
  package func numbers(_ id: SlotID) -> [Float] { read(id) { span in span.indices.map { span[$0] } } }

  /// Hands the gradient of a parameter of the micro-batch that is running to `body`.
  package func readGradient<Result>(_ id: ParameterID, _ body: (Span<Float>) -> Result) -> Result {
    let span = unsafe UnsafeBufferPointer(gradient(id)).span
    return body(span)
  }
}
