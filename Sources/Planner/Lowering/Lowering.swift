import Network
import Operators

/// Turns the model tree into instructions: forward by walking the tree, backward by walking the list of forward
/// instructions from its end (reverse-mode differentiation; Griewank and Walther, "Evaluating derivatives", 2008,
/// section 3.2). Every slot is written by one instruction only; sharing memory is the arena planner's business.
struct Lowering {
  /// What flows along the edges of the tree.
  struct Value {
    /// Where the value lies.
    var slot: SlotID
    /// The shape of one sample of it.
    var shape: Shape
    /// Whether anything upstream can be trained, so that a gradient has to flow here.
    var isTrainable: Bool
  }

  /// A forward instruction that the backward pass will come back to.
  struct Record {
    /// The forward instruction.
    var instruction: Instruction
    /// Whether a gradient has to flow into each of the instruction's reads.
    var wantsGradient: [Bool]
    /// Whether another instruction does this one's work on the way.
    var isAbsorbed = false
  }

  /// What is asked for.
  let options: PlanOptions
  /// Whether the training program is made, or the evaluation program.
  let isTraining: Bool
  /// All slots so far.
  var slots: [Slot] = []
  /// The program so far.
  var instructions: [Instruction] = []
  /// What the layers with parameters or statistics need, in order of execution.
  var layers: [FlatLayout.LayerNeeds] = []
  /// For each parameter so far, whether it is trained.
  var isTrained: [Bool] = []
  /// The forward instructions that the backward pass comes back to.
  var tape: [Record] = []
  /// The auxiliary heads so far, with the values of their outputs.
  var heads: [(head: Head, path: String, output: Value)] = []
  /// The positions of a sample that have a label each; nil as long as no loss reads labels.
  var labels: Extent?
  /// The number of classes that the labels stand for; nil as long as no loss reads labels as classes.
  var classes: Int?
  /// The dense targets that the losses read.
  var targets: [TargetValues] = []
  /// The gradients that have arrived at each slot so far.
  var arrived: [SlotID: [SlotID]] = [:]

  /// An empty program.
  init(options: PlanOptions, isTraining: Bool) {
    self.options = options
    self.isTraining = isTraining
  }

  /// The number of samples in a micro-batch.
  var batch: Int { options.microBatch }

  /// A new slot for `count` elements per sample.
  mutating func slot(_ name: String, perSample count: Int) -> SlotID { slot(name, count: batch * count) }

  /// A new slot for `count` elements.
  mutating func slot(_ name: String, count: Int) -> SlotID {
    slots.append(Slot(name: name, count: count))
    return SlotID(index: slots.count - 1)
  }

  /// Appends a forward instruction and remembers it for the backward pass.
  mutating func forward(_ instruction: Instruction, inputs: [Value]) {
    instructions.append(instruction)
    tape.append(Record(instruction: instruction, wantsGradient: inputs.map(\.isTrainable)))
  }

  /// Registers the parameters of a layer; the identities count in order of execution until the layout is made.
  mutating func register(_ layer: any LayerDescription, path: String, input: Shape) -> [ParameterID] {
    let descriptions = layer.parameters(for: input)
    layers.append(
      FlatLayout.LayerNeeds(
        path: path, parameters: descriptions.map { ($0.fullName(at: path), $0) },
        statistics: layer.runningStatistics.map { (input.channels, Float($0.momentum)) }))
    let first = isTrained.count
    isTrained += descriptions.map { !options.frozen.contains($0.fullName(at: path)) }
    return descriptions.indices.map { ParameterID(index: first + $0) }
  }

  /// Whether any of the parameters is trained.
  func trains(_ parameters: [ParameterID]) -> Bool { parameters.contains { isTrained[$0.index] } }
}
