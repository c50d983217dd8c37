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

extension Lowering: ModelVisitor {
  func shape(of value: Value) -> Shape { value.shape }

  /// Heads have no part in the evaluation.
  var walksHeads: Bool { isTraining }

  mutating func head(_ head: Head, path: String, output: Value) { heads.append((head, path, output)) }

  mutating func layer(_ layer: Layer, path: String, input: Value, output: Shape) -> Value {
    switch layer {
    case .convolution(let layer): convolution(layer, path: path, input: input, output: output)
    case .transposedConvolution(let layer): transposedConvolution(layer, path: path, input: input, output: output)
    case .filter(let layer): filter(layer, path: path, input: input, output: output)
    case .dense(let layer): dense(layer, path: path, input: input, output: output)
    case .batchNormalization(let layer): batchNormalization(layer, path: path, input: input)
    case .groupNormalization(let layer): groupNormalization(layer, path: path, input: input)
    case .instanceNormalization(let layer): groupNormalization(layer, path: path, input: input)
    case .layerNormalization(let layer): groupNormalization(layer, path: path, input: input)
    case .localResponseNormalization(let layer): localResponse(layer, path: path, input: input)
    case .maxPooling(let layer):
      maxPooling(layer.window(for: input.shape), path: path, input: input, output: output)
    case .globalMaxPooling(let layer):
      maxPooling(layer.window(for: input.shape), path: path, input: input, output: output)
    case .averagePooling(let layer): resample(layer, path: path, input: input, output: output)
    case .adaptiveAveragePooling(let layer): resample(layer, path: path, input: input, output: output)
    case .gaussianPooling(let layer): resample(layer, path: path, input: input, output: output)
    case .upsampling(let layer): resample(layer, path: path, input: input, output: output)
    case .powerPooling(let layer): powerPooling(layer, path: path, input: input, output: output)
    case .globalAveragePooling: globalAveragePooling(path: path, input: input, output: output)
    case .activation(let function): activation(function, path: path, input: input)
    case .softmax: softmax(path: path, input: input)
    case .dropout(let layer): dropout(layer, path: path, input: input)
    case .spatialDropout(let layer): dropout(layer, path: path, input: input)
    case .stochasticDepth(let layer): dropout(layer, path: path, input: input)
    case .flatten: flatten(path: path, input: input, output: output)
    case .identity: input
    case .reshape: reshape(path: path, input: input, output: output)
    case .zeroPadding(let layer):
      shift(top: layer.padding.top, left: layer.padding.left, path: path, input: input, output: output)
    case .crop(let layer):
      shift(top: -layer.edges.top, left: -layer.edges.left, path: path, input: input, output: output)
    case .channelShuffle(let layer): channelShuffle(layer, path: path, input: input)
    case .layerScale(let layer): layerScale(layer, path: path, input: input)
    }
  }

  mutating func merge(_ merge: Module.Merge, path: String, inputs: [Value], output: Shape) -> Value {
    switch merge {
    case .add: add(path: path, inputs: inputs, output: output)
    case .concat: concatenate(path: path, inputs: inputs, output: output)
    case .multiply: multiply(path: path, inputs: inputs, output: output)
    }
  }
}
