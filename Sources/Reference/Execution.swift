import Operators
import Planner

/// What the dropout masks of a step depend on, beside the layer and the sample.
struct DropoutKey {
  let seed: UInt64
  let step: Int
}

/// A program while it is interpreted over one micro-batch. Each group of operations adds its own in an extension.
struct Execution {
  let program: Program
  let layout: FlatLayout
  let batch: ReferenceBatch
  let dropoutKey: DropoutKey
  let globalBatch: Int
  var parameters: [Double]
  var gradients: [Double]
  var slots: [[Double]]
  var loss = 0.0
  var correct = 0
  /// The pieces of kinked functions that were chosen so far, by the first slot that their instruction writes; see
  /// `pieces(of:)`.
  var pieces: [SlotID: [Int]] = [:]

  init(
    _ program: Program, layout: FlatLayout, batch: ReferenceBatch, parameters: [Double], dropoutKey: DropoutKey,
    globalBatch: Int
  ) {
    precondition(batch.images.count == program[program.images].count, "the images do not fill the micro-batch")
    precondition(batch.labels.count == program.batch * (program.labels?.count ?? 1))
    precondition(batch.samples.count == program.batch)
    for (values, wanted) in zip(batch.targets, program.targets) {
      precondition(values.count == program.batch * wanted.shape.count, "'\(wanted.name)' does not fill the micro-batch")
    }
    precondition(batch.targets.count >= program.targets.count, "the losses read \(program.targets.count) targets")
    precondition((0...program.batch).contains(batch.valid) && parameters.count == layout.count)
    self.program = program
    self.layout = layout
    self.batch = batch
    self.dropoutKey = dropoutKey
    self.globalBatch = globalBatch
    self.parameters = parameters
    self.gradients = [Double](repeating: 0, count: layout.exchangedCount)
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
    case .transposedConvolution(let geometry, _): transposedConvolution(geometry, instruction)
    case .transposedConvolutionBackwardWeights(let geometry, _):
      transposedConvolutionBackwardWeights(geometry, instruction)
    case .filter(let geometry): filter(geometry, instruction)
    case .filterBackward(let geometry): filterBackward(geometry, instruction)
    case .dense(let inputs, let outputs): dense(inputs, outputs, instruction)
    case .denseBackwardData(let inputs, let outputs): denseBackwardData(inputs, outputs, instruction)
    case .denseBackwardWeights(let inputs, let outputs): denseBackwardWeights(inputs, outputs, instruction)
    case .biasGradient(_, let channels): storeGradient(sums(read(instruction), perRow: channels), instruction, 0)
    case .maxPooling(let window, let channels): maxPooling(window, channels, instruction)
    case .maxPoolingBackward(let window, let channels): maxPoolingBackward(window, channels, instruction)
    case .resample(let map): resample(map, instruction)
    case .powerPooling(let window, let channels, let exponent):
      powerPooling(window, channels, Double(exponent), instruction)
    case .powerPoolingBackward(let window, let channels, let exponent):
      powerPoolingBackward(window, channels, Double(exponent), instruction)
    case .globalAveragePooling(let positions, let channels): globalAveragePooling(positions, channels, instruction)
    case .globalAveragePoolingBackward(let positions, let channels):
      globalAveragePoolingBackward(positions, channels, instruction)
    case .activation(let function, _): activation(function, instruction)
    case .activationBackward(let function, _): activationBackward(function, instruction)
    case .prelu(_, let columns): prelu(columns, instruction)
    case .preluBackwardData(_, let columns): preluBackwardData(columns, instruction)
    case .preluBackwardWeights(_, let columns): preluBackwardWeights(columns, instruction)
    case .softmax(_, let columns): softmax(columns, instruction)
    case .softmaxBackward(_, let columns): softmaxBackward(columns, instruction)
    case .batchNormalization(let channels, _, let epsilon, let tail):
      batchNormalization(channels, Double(epsilon), tail, instruction)
    case .batchNormalizationBackward(let channels, _): batchNormalizationBackward(channels, instruction)
    case .batchNormalizationEvaluation(let channels, _, let epsilon, let tail):
      batchNormalizationEvaluation(channels, Double(epsilon), tail, instruction)
    case .batchNormalizationEvaluationBackwardData(let channels, _, let epsilon):
      batchNormalizationEvaluationBackwardData(channels, Double(epsilon), instruction)
    case .batchNormalizationEvaluationBackwardWeights(let channels, _, let epsilon):
      batchNormalizationEvaluationBackwardWeights(channels, Double(epsilon), instruction)
    case .groupNormalization(let groups, let epsilon): groupNormalization(groups, Double(epsilon), instruction)
    case .groupNormalizationBackward(let groups): groupNormalizationBackward(groups, instruction)
    case .localResponse(let response, _): localResponse(response, instruction)
    case .localResponseBackward(let response, _): localResponseBackward(response, instruction)
    case .dropout(let rate, let subject, let rows, let columns): dropout(rate, subject, rows, columns, instruction)
    case .dropoutBackward(let rows, let columns): dropoutBackward(rows, columns, instruction)
    case .transpose(_, let rows, let columns): transpose(rows, columns, instruction)
    case .shift(let from, let to, let top, let left): shift(from, to, top, left, instruction)
    case .add: add(instruction)
    case .multiply: multiply(instruction)
    case .gate(let positions, let channels): gate(positions, channels, instruction)
    case .gateBackward(let positions, let channels): gateBackward(positions, channels, instruction)
    case .channelScale(_, let channels): channelScale(channels, instruction)
    case .channelScaleBackwardWeights(_, let channels): channelScaleBackwardWeights(channels, instruction)
    case .concatenate(_, let widths): concatenate(widths, instruction)
    case .extract(_, let total, let offset, let width): extract(total, offset, width, instruction)
    case .loss(let term): loss(term, instruction)
    case .bucketComplete: break
    }
  }
}

extension Execution {
  /// The slot that the instruction reads at `index`.
  func read(_ instruction: Instruction, _ index: Int = 0) -> [Double] { slots[instruction.reads[index].index] }

  /// Fills the slot that the instruction writes at `index`.
  mutating func write(_ values: [Double], _ instruction: Instruction, _ index: Int = 0) {
    let slot = instruction.writes[index]
    precondition(values.count == program[slot].count, "'\(program[slot].name)' holds \(program[slot].count) elements")
    slots[slot.index] = values
  }

  /// The parameter at `index` of the instruction, or nil if it has no such parameter.
  func parameter(_ instruction: Instruction, _ index: Int) -> [Double]? {
    guard instruction.parameters.indices.contains(index) else { return nil }
    return Array(parameters[layout[instruction.parameters[index]].range])
  }

  /// The weights of the instruction: its first parameter.
  func weights(_ instruction: Instruction) -> [Double] { Array(parameters[layout[instruction.parameters[0]].range]) }

  /// Stores the gradient of the parameter at `index` of the instruction's gradients, if it has one there.
  mutating func storeGradient(_ values: [Double], _ instruction: Instruction, _ index: Int) {
    guard instruction.gradients.indices.contains(index), let id = instruction.gradients[index] else { return }
    gradients.replaceSubrange(layout[id].range, with: values)
  }
}

/// Kinked functions (max(0, x), the largest number of a window, a hinge) consist of smooth pieces, and a difference
/// quotient is only worth something on one of them.
extension Execution {
  /// The piece on which each number of an instruction's result lies.
  ///
  /// `choose` is asked when the instruction is run for the first time. When it is run again, on slightly moved
  /// operands, it stays on the pieces it stood on, so that all runs of an execution are runs of one smooth function.
  mutating func pieces(of instruction: Instruction, _ choose: () -> [Int]) -> [Int] {
    let result = instruction.writes[0]
    if let chosen = pieces[result] { return chosen }
    let chosen = choose()
    pieces[result] = chosen
    return chosen
  }
}
