import Collectives
import Configuration
import Datasets
import Engine
import Hashing
import Kernels
import Operators
import Planner

/// What a rank needs to compute micro-batches of other ranks again: the weights before the step, a gradient, and the
/// samples of one micro-batch.
final class Recomputation {
  /// What is computed again, and by whom.
  let sample: RecomputeSample
  /// What is taken down of this rank's own micro-batches.
  let traces = StepTraces()
  /// How many micro-batches of all ranks have been computed again, and found equal.
  var count = 0
  private let blueprint: Blueprint
  private let buffers: FlatBuffers
  private let loader: MicroBatchLoader
  private let images: AlignedBuffer
  /// The micro-batches of the step under way.
  private(set) var chosen: [Int] = []

  /// Nil if the run computes nothing again.
  ///
  /// - Throws: `RunError` if memory is short.
  init?(_ blueprint: Blueprint, ranks: Int) throws(RunError) {
    guard let sample = RecomputeSample(blueprint.configuration, ranks: ranks) else { return nil }
    let pixels = blueprint.configuration.train.microBatch * blueprint.dataset.train.shape.count
    let images: AlignedBuffer
    do { images = try AlignedBuffer.zeros(pixels) } catch { throw RunError.failed(error) }
    self.buffers = try FlatBuffers(layout: blueprint.plan.layout, slotsPerLane: [1])
    self.sample = sample
    self.blueprint = blueprint
    self.loader = blueprint.loader(training: true)
    self.images = images
  }

  /// Begins a step, before anything of it is computed: keeps its weights where they will be needed.
  func begin(step: Int, rank: Int, _ parameters: UnsafePointer<Float>) {
    chosen = sample.microBatches(step: step)
    traces.begin(chosen.filter { sample.owner(of: $0) == rank })
    guard !chosen.isEmpty else { return }
    unsafe buffers.parameters.update(from: parameters, count: blueprint.plan.layout.count)
  }

  /// Computes a micro-batch of the step on a lane that has nothing else to do.
  ///
  /// - Returns: the digest of what it contributes, and the trace.
  func compute(
    _ microBatch: Int, step: Int, on lane: inout Lane
  ) throws(RunError) -> (digest: UInt64, trace: ComputationTrace) {
    let size = blueprint.configuration.train.microBatch
    var (labels, samples) = ([Int32](repeating: 0, count: size), [UInt64](repeating: 0, count: size))
    let content = try load(blueprint.positions(step: step, microBatch: microBatch), &labels, &samples)
    let (trace, shared) = (ComputationTrace(), lane.shared)
    let here = Lane.Shared(
      blueprint: blueprint, share: shared.share, buffers: buffers, feed: shared.feed, activity: shared.activity,
      givesUp: nil)
    let leaf = Accumulation.Leaf(index: microBatch, slot: 0, additions: [])
    let pixels = unsafe UnsafeBufferPointer(start: images.unsafeBase, count: images.count)
    try lane.compute(
      MicroBatch(images: unsafe pixels.span, labels: labels.span, samples: samples.span, valid: size),
      LeafObserver(here, lane: 0, leaf: leaf, samples: content, trace: trace), step: step, in: buffers)
    let gradient = unsafe buffers.gradient(lane: 0, slot: 0)
    let numbers = blueprint.plan.layout.digest(of: microBatch).map { unsafe gradient[$0] }
    return (MicroBatchDigest.decode(numbers), trace)
  }

  private func load(
    _ positions: Range<Int>, _ labels: inout [Int32], _ samples: inout [UInt64]
  ) throws(RunError) -> UInt64 {
    var pixels = unsafe UnsafeMutableBufferPointer(start: images.unsafeBase, count: images.count).mutableSpan
    var classes = labels.mutableSpan
    var numbers = samples.mutableSpan
    do {
      return try loader.load(positions: positions, images: &pixels, labels: &classes, ids: &numbers).contentDigest
    } catch {
      throw RunError.failed(error)
    }
  }
}

extension Worker {
  /// Has the chosen micro-batches of the last step computed again, each by the rank after its own, from the weights
  /// before the step. All ranks call it together, before the step counts.
  ///
  /// - Returns: what has been found, the same on all ranks; nil if all results are equal.
  package func recompute(step: Int) throws(RunError) -> Miscomputation? {
    guard let chosen = recomputation?.chosen, let sample = recomputation?.sample, !chosen.isEmpty else { return nil }
    let known = microBatchDigests
    var own: [Doubt] = []
    for microBatch in chosen where sample.verifier(of: microBatch) == communicator.rank {
      guard let (digest, trace) = try recomputation?.compute(microBatch, step: step, on: &mainLane) else { break }
      if digest != known[microBatch] { own.append(Doubt(microBatch: microBatch, digest: digest, trace: trace)) }
    }
    let all = Array(try shareWords(own.flatMap { [UInt64($0.microBatch), $0.digest] }).joined())
    recomputation?.count += chosen.count
    // Of several the first; the traces of one tell where it began.
    guard let place = stride(from: 0, to: all.count, by: 2).min(by: { all[$0] < all[$1] }) else { return nil }
    let microBatch = Int(all[place])
    return try judge(microBatch, [known[microBatch], all[place + 1]], own, step: step, sample)
  }

  /// A micro-batch that this rank has computed again with another result.
  private struct Doubt {
    let microBatch: Int
    let digest: UInt64
    let trace: ComputationTrace
  }

  /// Has a third rank compute a micro-batch of which two have different results, and looks where the two part.
  private func judge(
    _ microBatch: Int, _ digests: [UInt64], _ own: [Doubt], step: Int, _ sample: RecomputeSample
  ) throws(RunError) -> Miscomputation {
    let ranks = [sample.owner(of: microBatch), sample.verifier(of: microBatch), sample.judge(of: microBatch)]
    let rank = communicator.rank
    var third: UInt64?
    if rank == ranks[2] { third = try recomputation?.compute(microBatch, step: step, on: &mainLane).digest }
    let judged = try shareWords(third.map { [$0] } ?? [])
    let firsts = try shareWords(rank == ranks[0] ? recomputation?.traces.trace(of: microBatch)?.digests ?? [] : [])
    let seconds = try shareWords(own.first { $0.microBatch == microBatch }?.trace.digests ?? [])
    let plan = blueprint.plan
    let tensor = TracedTensor.first(
      where: firsts[ranks[0]], and: seconds[ranks[1]], part: plan.training, plan.layout)
    let results = Miscomputation.Results(digests: digests + [judged[ranks[2]].first ?? 0], ranks: ranks)
    return Miscomputation(step: step, microBatch: microBatch, results, tensor: tensor, hosts: try hosts())
  }

  /// Compares the weights and running statistics of all ranks, which must have the same bits. All call it together.
  ///
  /// - Parameter step: the step that was taken last.
  package func compareReplicas(after step: Int) throws(RunError) -> Miscomputation? {
    guard communicator.size > 1 else { return nil }
    let layout = blueprint.plan.layout
    let tensors =
      layout.parameters.map { ($0.name, $0.range) }
      + layout.statistics.flatMap {
        [("running mean of \($0.path)", $0.mean), ("running variance of \($0.path)", $0.variance)]
      }
    let own = tensors.map { digest(of: $0.1) }
    let digests = try shareWords([MicroBatchDigest.joined(own)]).map { $0.first ?? 0 }
    guard Set(digests).count > 1 else { return nil }
    let all = try shareWords(own)
    let first = tensors.indices.first { place in Set(all.map { $0[place] }).count > 1 }
    return Miscomputation(step: step, digests: digests, tensor: first.map { tensors[$0].0 }, hosts: try hosts())
  }

  private func digest(of range: Range<Int>) -> UInt64 {
    let values = unsafe UnsafeBufferPointer(start: buffers.parameters + range.lowerBound, count: range.count)
    return Digest.block(unsafe values.span, seed: 0)
  }

  /// The words of all ranks, on all ranks.
  private func shareWords(_ words: [UInt64]) throws(RunError) -> [[UInt64]] {
    let bytes = MessageWords.bytes(words)
    return try failing { () throws(CommunicationError) in try communicator.allGather(bytes) }.map(MessageWords.words)
  }

  private func hosts() throws(RunError) -> [String] {
    let name = Array(communicator.host.utf8)
    let all = try failing { () throws(CommunicationError) in try communicator.allGather(name) }
    return all.map { String(decoding: $0, as: UTF8.self) }
  }

  /// What is said at the end of a run of the micro-batches that were computed again; nil of one that computes none.
  var recomputed: String? {
    guard let count = recomputation?.count else { return nil }
    return "\(Display.count(count)) micro-batches were computed again"
      + "\(communicator.size > 1 ? " on another rank" : ""), all with the same bits"
  }
}
