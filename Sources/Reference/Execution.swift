import Planner

/// What the dropout masks of a step depend on, beside the layer and the sample.
struct Draw {
  let seed: UInt64
  let step: Int
}

/// A program while it is interpreted over one micro-batch. Each group of operations adds its own in an extension.
struct Execution {
  let program: Program
  let layout: FlatLayout
  let batch: ReferenceBatch
  let draw: Draw
  let globalBatch: Int
  var parameters: [Double]
  var gradients: [Double]
  var slots: [[Double]]
  var loss = 0.0
  var correct = 0
  /// The slots of an earlier run, whose branch of each kinked function (the sign at a ReLU, the winner of a max-pool
  /// window) this run is to follow; nil to choose anew.
  var frozen: [[Double]]?

  init(
    _ program: Program, layout: FlatLayout, batch: ReferenceBatch, parameters: [Double], draw: Draw, globalBatch: Int
  ) {
    precondition(batch.images.count == program[program.images].count, "the images do not fill the micro-batch")
    precondition(batch.labels.count == program.batch && batch.samples.count == program.batch)
    precondition((0...program.batch).contains(batch.valid) && parameters.count == layout.count)
    self.program = program
    self.layout = layout
    self.batch = batch
    self.draw = draw
    self.globalBatch = globalBatch
    self.parameters = parameters
    self.gradients = [Double](repeating: 0, count: layout.count)
    self.slots = [[Double]](repeating: [], count: program.slots.count)
    self.slots[program.images.index] = batch.images
  }

  /// What has been found so far.
  var result: ReferenceResult {
    ReferenceResult(
      loss: loss, correct: correct, logits: slots[program.logits.index], gradients: gradients,
      imageGradient: program.imageGradient.map { slots[$0.index] }, slots: slots)
  }

  /// Executes one instruction.
  mutating func run(_ instruction: Instruction) {
    switch instruction.operation {
    case .convolution(let geometry, _): convolution(geometry, instruction)
    case .convolutionBackwardData(let geometry, _): convolutionBackwardData(geometry, instruction)
    case .convolutionBackwardWeights(let geometry, _): convolutionBackwardWeights(geometry, instruction)
    case .dense(let inputs, let outputs): dense(inputs, outputs, instruction)
    case .denseBackwardData(let inputs, let outputs): denseBackwardData(inputs, outputs, instruction)
    case .denseBackwardWeights(let inputs, let outputs): denseBackwardWeights(inputs, outputs, instruction)
    case .maxPooling(let window, let channels): maxPooling(window, channels, instruction)
    case .maxPoolingBackward(let window, let channels): maxPoolingBackward(window, channels, instruction)
    case .averagePooling(let window, let channels, let includePadding):
      averagePooling(window, channels, includePadding, instruction)
    case .averagePoolingBackward(let window, let channels, let includePadding):
      averagePoolingBackward(window, channels, includePadding, instruction)
    case .globalAveragePooling(let positions, let channels): globalAveragePooling(positions, channels, instruction)
    case .globalAveragePoolingBackward(let positions, let channels):
      globalAveragePoolingBackward(positions, channels, instruction)
    case .activation(let function, _): activation(function, instruction)
    case .activationBackward(let function, _): activationBackward(function, instruction)
    case .softmax(_, let columns): softmax(columns, instruction)
    case .softmaxBackward(_, let columns): softmaxBackward(columns, instruction)
    case .batchNormalization(let channels, _, let epsilon):
      batchNormalization(channels, Double(epsilon), instruction)
    case .batchNormalizationBackward(let channels, _): batchNormalizationBackward(channels, instruction)
    case .batchNormalizationEvaluation(let channels, _, let epsilon):
      batchNormalizationEvaluation(channels, Double(epsilon), instruction)
    case .dropout(let rate, let subject, let count): dropout(rate, subject, count, instruction)
    case .dropoutBackward: dropoutBackward(instruction)
    case .flatten(let positions, let channels): flatten(positions, channels, instruction)
    case .flattenBackward(let positions, let channels): flatten(channels, positions, instruction)
    case .add: add(instruction)
    case .concatenate(_, let widths): concatenate(widths, instruction)
    case .extract(_, let total, let offset, let width): extract(total, offset, width, instruction)
    case .crossEntropy(let classes, let smoothing): crossEntropy(classes, Double(smoothing), instruction)
    case .crossEntropyBackward(let classes, let smoothing):
      crossEntropyBackward(classes, Double(smoothing), instruction)
    case .bucketComplete: break
    }
  }
}

extension Execution {
  /// The slot that the instruction reads at `place`.
  func read(_ instruction: Instruction, _ place: Int = 0) -> [Double] { slots[instruction.reads[place].index] }

  /// Fills the slot that the instruction writes at `place`.
  mutating func write(_ values: [Double], _ instruction: Instruction, _ place: Int = 0) {
    let slot = instruction.writes[place]
    precondition(values.count == program[slot].count, "'\(program[slot].name)' holds \(program[slot].count) numbers")
    slots[slot.index] = values
  }

  /// The parameter at `place` of the instruction, or nil if it has no such parameter.
  func parameter(_ instruction: Instruction, _ place: Int) -> [Double]? {
    guard instruction.parameters.indices.contains(place) else { return nil }
    return Array(parameters[layout[instruction.parameters[place]].range])
  }

  /// The weights of the instruction: its first parameter.
  func weights(_ instruction: Instruction) -> [Double] { Array(parameters[layout[instruction.parameters[0]].range]) }

  /// Stores the gradient of the parameter at `place` of the instruction's gradients, if it has one there.
  mutating func storeGradient(_ values: [Double], _ instruction: Instruction, _ place: Int) {
    guard instruction.gradients.indices.contains(place) else { return }
    gradients.replaceSubrange(layout[instruction.gradients[place]].range, with: values)
  }
}
