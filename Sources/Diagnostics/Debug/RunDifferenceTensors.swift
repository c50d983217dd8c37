import Checkpoints
import Engine
import Hashing
import Interchange
import Kernels
import Network
import Planner
import Training

/// How two tensors of one name differ.
struct TensorDifference: Hashable {
  /// What kind of tensor it is.
  enum Kind: String, Hashable {
    case weight
    case statistics = "running statistics"
    case state = "optimizer state"
    case activation
    case inputGradient = "input gradient"
    case weightGradient = "weight gradient"
  }

  /// What kind of tensor it is.
  let kind: Kind
  /// The layer that it belongs to.
  let layer: String
  /// Its name.
  let name: String
  /// How many elements it has.
  let count: Int
  /// How many of them differ.
  let differing: Int
  /// The first element that differs, counted in memory.
  let index: Int
  /// Both values there.
  let values: [Float]

  /// Compares bit by bit; nil if there is no difference.
  init?(_ kind: Kind, layer: String, name: String, _ a: [Float], _ b: [Float]) {
    guard a.count == b.count, let first = a.indices.first(where: { a[$0].bitPattern != b[$0].bitPattern }) else {
      return nil
    }
    (self.kind, self.layer, self.name, self.count) = (kind, layer, name, a.count)
    differing = a.indices[first...].reduce(0) { $0 + (a[$1].bitPattern == b[$1].bitPattern ? 0 : 1) }
    index = first
    values = [a[first], b[first]]
  }

  /// The difference in words.
  var text: String {
    "\(kind.rawValue) '\(name)' of layer '\(layer)': \(differing) of \(Display.count(count)) elements differ, the first "
      + "at index \(index): \(values[0]) in A, \(values[1]) in B"
  }
}

/// The tensors of a training state in the order in which a step meets them.
struct StateComparison {
  private let layers: [LayerRow]

  /// A comparison of states of this network.
  init(_ network: NetworkDescription) throws(RunError) {
    do { layers = try network.layerTable() } catch { throw RunError.unusable(error) }
  }

  /// What differs between the tensors of two checkpoints or states: the weights and statistics layer by layer, forward,
  /// then the optimizer's states.
  func differences(
    model: ([NamedTensor], [NamedTensor]), optimizer: ([NamedTensor], [NamedTensor])
  ) -> [TensorDifference] {
    let models = (ModelTensors.byName(model.0), ModelTensors.byName(model.1))
    let found = layers.flatMap { row -> [TensorDifference] in
      let weights = row.parameters.map(\.name).compactMap { Self.compare(.weight, row.path, $0, models.0, models.1) }
      let statistics = ["running_mean", "running_var"].compactMap {
        Self.compare(.statistics, row.path, "\(row.path).\($0)", models.0, models.1)
      }
      return weights + statistics
    }
    let states = (ModelTensors.byName(optimizer.0), ModelTensors.byName(optimizer.1))
    let names = states.0.keys.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    return found
      + layers.flatMap { row in
        row.parameters.flatMap { parameter in
          names.filter { $0.hasSuffix(".\(parameter.name)") }.compactMap {
            Self.compare(.state, row.path, $0, states.0, states.1)
          }
        }
      }
  }

  /// The same of two states, each in the layout of its run.
  func differences(
    _ a: (state: TrainingState, records: RunRecords), _ b: (state: TrainingState, records: RunRecords)
  ) -> [TensorDifference] {
    let (first, second) = (a.records.tensors(of: a.state), b.records.tensors(of: b.state))
    return differences(model: (first.model, second.model), optimizer: (first.optimizer, second.optimizer))
  }

  private static func compare(
    _ kind: TensorDifference.Kind, _ layer: String, _ name: String, _ a: [String: NamedTensor],
    _ b: [String: NamedTensor]
  ) -> TensorDifference? {
    guard case .float32(let a)? = a[name]?.elements, case .float32(let b)? = b[name]?.elements else { return nil }
    return TensorDifference(kind, layer: layer, name: name, a, b)
  }
}

/// Takes down what the instructions of one micro-batch write: a digest of each tensor, or the values of one.
final class StepRecorder: InstructionObserver {
  /// One tensor that an instruction wrote.
  struct Tensor: Hashable {
    /// What kind of tensor it is.
    let kind: TensorDifference.Kind
    /// The layer.
    let layer: String
    /// Its name.
    let name: String
    /// The digest of its values.
    let digest: UInt64
  }

  /// The tensors in the order in which they were written.
  private(set) var tensors: [Tensor] = []
  /// The values of the wanted one.
  private(set) var values: [Float] = []
  private let microBatch: Int
  private let wanted: Int?
  private var current = -1
  private var former = Int.max

  /// A recorder of a micro-batch.
  ///
  /// - Parameter wanted: the tensor whose values are kept, by its number; nil if only digests are wanted.
  init(microBatch: Int, wanted: Int? = nil) { (self.microBatch, self.wanted) = (microBatch, wanted) }

  func before(_ index: Int) {
    // A process alone with one lane computes the micro-batches of a step one after the other.
    if index <= former { current += 1 }
    former = index
  }

  func after(_ index: Int, in execution: borrowing Execution) throws(RunError) {
    guard current == microBatch else { return }
    let instruction = execution.program.instructions[index]
    let kind: TensorDifference.Kind = instruction.pass == .backward ? .inputGradient : .activation
    for slot in instruction.writes {
      let name = execution.program[slot].name
      execution.read(slot) { note(kind, instruction.path, name, $0) }
    }
    for parameter in instruction.writtenGradients {
      let name = execution.layout[parameter].name
      execution.readGradient(parameter) { note(.weightGradient, instruction.path, name, $0) }
    }
  }

  private func note(_ kind: TensorDifference.Kind, _ layer: String, _ name: String, _ span: Span<Float>) {
    if wanted == tensors.count { values = span.indices.map { span[$0] } }
    tensors.append(Tensor(kind: kind, layer: layer, name: name, digest: Digest.block(span, seed: 0)))
  }
}
