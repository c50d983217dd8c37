package import Network

/// Turns (network, micro-batch size, bucket size) into the programs of a step.
package enum Planner {
  /// Plans the training and the evaluation program of `network`.
  ///
  /// - Throws: `NetworkError` if a layer does not fit its input.
  package static func plan(_ network: NetworkDescription, options: PlanOptions) throws(NetworkError) -> StepPlan {
    precondition(options.bucketElements % FlatLayout.block == 0 && options.bucketElements > 0)
    let training = try lower(network, options: options, isTraining: true)
    let layout = FlatLayout(layers: training.lowering.layers, options: options)
    let evaluation = try lower(network, options: options, isTraining: false)
    return StepPlan(
      layout: layout, training: finish(training, layout: layout), evaluation: finish(evaluation, layout: layout),
      options: options)
  }

  private struct Lowered {
    var lowering: Lowering
    let images: SlotID
    let logits: SlotID
    var imageGradient: SlotID?
  }

  private static func lower(
    _ network: NetworkDescription, options: PlanOptions, isTraining: Bool
  ) throws(NetworkError) -> Lowered {
    var lowering = Lowering(options: options, isTraining: isTraining)
    let images = lowering.slot("images", perSample: network.input.count)
    let input = Lowering.Value(slot: images, shape: network.input, isTrainable: options.imageGradient)
    let logits = try network.walk(&lowering, input: input)
    guard logits.shape.isVector, logits.slot != images else {
      throw NetworkError(
        "model \(network.name): its last layer gives \(logits.shape), but the loss needs a vector of logits; "
          + "end with 'dense'")
    }
    let probabilities = lowering.loss(logits)
    var lowered = Lowered(lowering: lowering, images: images, logits: logits.slot)
    guard isTraining else { return lowered }
    lowered.lowering.lossBackward(logits, probabilities: probabilities)
    lowered.imageGradient = lowered.lowering.gradient(of: images, path: "images")
    return lowered
  }

  private static func finish(_ lowered: Lowered, layout: FlatLayout) -> Program {
    let lowering = lowered.lowering
    var instructions = layout.identified(lowering.instructions, executed: lowering.layers)
    if lowering.isTraining { instructions = BucketPlan.complete(instructions, layout: layout) }
    var slots = lowering.slots
    let kept = [lowered.logits] + (lowered.imageGradient.map { [$0] } ?? [])
    let count = ArenaPlanner.place(
      &slots, for: instructions, outside: [lowered.images], kept: Set(kept), reuse: lowering.options.reusesMemory)
    return Program(
      batch: lowering.batch, instructions: instructions, slots: slots, images: lowered.images,
      logits: lowered.logits, imageGradient: lowered.imageGradient, arenaCount: count)
  }
}

extension Lowering {
  /// Appends the loss; returns the slot of the probabilities.
  fileprivate mutating func loss(_ logits: Value) -> SlotID {
    let probabilities = slot("loss probabilities", perSample: logits.shape.count)
    instructions.append(
      Instruction(
        operation: .crossEntropy(classes: logits.shape.count, labelSmoothing: options.labelSmoothing), pass: .loss,
        path: "loss", reads: [logits.slot], writes: [probabilities]))
    return probabilities
  }

  /// Appends the gradient of the loss and the whole backward pass.
  fileprivate mutating func lossBackward(_ logits: Value, probabilities: SlotID) {
    let gradient = slot("loss dlogits", perSample: logits.shape.count)
    instructions.append(
      Instruction(
        operation: .crossEntropyBackward(classes: logits.shape.count, labelSmoothing: options.labelSmoothing),
        pass: .loss, path: "loss", reads: [probabilities], writes: [gradient]))
    backward(from: logits.slot, gradient: gradient)
  }
}

extension FlatLayout {
  /// Replaces identities that count in order of execution by those of the layout, which runs the other way.
  fileprivate func identified(_ instructions: [Instruction], executed layers: [LayerNeeds]) -> [Instruction] {
    let names = layers.flatMap { $0.parameters.map(\.name) }
    let places = Dictionary(uniqueKeysWithValues: parameters.enumerated().map { ($1.name, $0) })
    let identities = names.compactMap { places[$0].map { ParameterID(index: $0) } }
    return instructions.map { instruction in
      var instruction = instruction
      instruction.parameters = instruction.parameters.map { identities[$0.index] }
      instruction.gradients = instruction.gradients.map { identities[$0.index] }
      instruction.statistics = instruction.statistics.map { StatisticsID(index: statistics.count - 1 - $0.index) }
      return instruction
    }
  }
}
