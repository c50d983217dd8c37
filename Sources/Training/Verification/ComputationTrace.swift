import Engine
import Hashing
import Planner
import Synchronization

/// What one computation of a micro-batch has read and written, as digests in the order of its program: two computations
/// of the same micro-batch part at the first of them that differs.
final class ComputationTrace: Sendable {
  // One lane writes; the main thread reads when the lane has been collected.
  private let taken = Mutex<[UInt64]>([])

  /// The digest of the samples, then one for each tensor that an instruction has written.
  var digests: [UInt64] { taken.withLock { $0 } }

  /// Begins anew with samples of this digest.
  func begin(samples: UInt64) {
    taken.withLock {
      $0.removeAll(keepingCapacity: true)
      $0.append(samples)
    }
  }

  /// Takes down what an instruction has written.
  func note(_ index: Int, in execution: borrowing Execution) {
    let instruction = execution.program.instructions[index]
    for slot in instruction.writes { add(execution.read(slot) { Digest.block($0, seed: 0) }) }
    for gradient in instruction.writtenGradients { add(execution.readGradient(gradient) { Digest.block($0, seed: 0) }) }
  }

  private func add(_ digest: UInt64) { taken.withLock { $0.append(digest) } }
}

/// One tensor of a trace.
struct TracedTensor: Hashable, Sendable {
  /// The path of the layer; empty for the samples.
  let layer: String
  /// The tensor as the plan names it.
  let tensor: String
  /// What has written it, in words.
  let writer: String

  /// Where it is, in words.
  var place: String { layer.isEmpty ? "first in the samples" : "first in '\(tensor)' of layer '\(layer)' (\(writer))" }

  /// The tensors of a trace of this program, in order.
  static func all(of program: Program, _ layout: FlatLayout) -> [TracedTensor] {
    let samples = TracedTensor(layer: "", tensor: "samples", writer: "reading them")
    return [samples]
      + program.instructions.flatMap { instruction in
        let writes = instruction.writes.map { program[$0].name }
        let gradients = instruction.writtenGradients.map { "gradient of \(layout[$0].name)" }
        return (writes + gradients).map {
          TracedTensor(layer: instruction.path, tensor: $0, writer: instruction.operation.kind)
        }
      }
  }

  /// The tensor at which two traces part; nil if they do not.
  static func first(where one: [UInt64], and other: [UInt64], part program: Program, _ layout: FlatLayout) -> Self? {
    let all = all(of: program, layout)
    return all.indices.first { one.indices.contains($0) && other.indices.contains($0) && one[$0] != other[$0] }
      .map { all[$0] }
  }
}

/// The traces of the micro-batches of a step that will be computed again, of one rank.
final class StepTraces: Sendable {
  private let traces = Mutex<[Int: ComputationTrace]>([:])

  /// Begins a step of which these micro-batches will be computed again.
  func begin(_ microBatches: [Int]) {
    traces.withLock { traces in
      traces = Dictionary(uniqueKeysWithValues: microBatches.map { ($0, ComputationTrace()) })
    }
  }

  /// The trace of a micro-batch; nil if nobody will ask for it.
  func trace(of microBatch: Int) -> ComputationTrace? { traces.withLock { $0[microBatch] } }
}
