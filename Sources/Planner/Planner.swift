package import Network
import Operators

/// Turns (network, micro-batch size, bucket size) into the programs of a step.
package enum Planner {
  /// Plans the training and the evaluation program of `network`.
  ///
  /// - Throws: `NetworkError` if a layer does not fit its input, or a loss its output.
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
    let logits: Lowering.Value
    var imageGradient: SlotID?

    /// What must survive to the end of the program.
    var kept: Set<SlotID> { Set([logits.slot, imageGradient].compactMap { $0 }) }

    /// Gives up what the backward pass can have computed again.
    mutating func recompute() {
      (lowering.instructions, lowering.slots) = Recomputation.smallest(
        lowering.instructions, slots: lowering.slots, outside: [images], kept: kept)
    }
  }

  private static func lower(
    _ network: NetworkDescription, options: PlanOptions, isTraining: Bool
  ) throws(NetworkError) -> Lowered {
    var lowering = Lowering(options: options, isTraining: isTraining)
    let images = lowering.slot("images", perSample: network.input.count)
    let input = Lowering.Value(slot: images, shape: network.input, isTrainable: options.imageGradient)
    let output = try network.walk(&lowering, input: input)
    let logits = output.slot == images ? lowering.copy(output, path: "output") : output
    if options.fuses { lowering.fuse(keeping: Set([logits.slot] + lowering.heads.map(\.output.slot))) }
    try lowering.losses(logits, network: network.name)
    var lowered = Lowered(lowering: lowering, images: images, logits: logits)
    guard isTraining else { return lowered }
    lowered.lowering.backward()
    lowered.imageGradient = lowered.lowering.gradient(of: images, path: "images")
    if options.recompute == .blocks { lowered.recompute() }
    return lowered
  }

  private static func finish(_ lowered: Lowered, layout: FlatLayout) -> Program {
    let lowering = lowered.lowering
    var instructions = layout.identified(lowering.instructions, executed: lowering.layers)
    if lowering.isTraining { instructions = BucketPlan.complete(instructions, layout: layout) }
    var slots = lowering.slots
    let count = ArenaPlanner.place(
      &slots, for: instructions, outside: [lowered.images], kept: lowered.kept, reuse: lowering.options.reusesMemory)
    return Program(
      batch: lowering.batch, instructions: instructions, slots: slots, images: lowered.images,
      logits: lowered.logits.slot, output: lowered.logits.shape, labels: lowering.labels, classes: lowering.classes,
      targets: lowering.targets, imageGradient: lowered.imageGradient, arenaCount: count)
  }
}

extension FlatLayout {
  /// Replaces identities that count in order of execution by those of the layout, which runs the other way.
  fileprivate func identified(_ instructions: [Instruction], executed layers: [LayerNeeds]) -> [Instruction] {
    let names = layers.flatMap { $0.parameters.map(\.name) }
    let places = Dictionary(uniqueKeysWithValues: parameters.enumerated().map { ($1.name, $0) })
    let identities = names.compactMap { places[$0].map { ParameterID(index: $0) } }
    let statisticsPlaces = Dictionary(uniqueKeysWithValues: statistics.enumerated().map { ($1.path, $0) })
    let kept = layers.filter { $0.statistics != nil }
      .compactMap { statisticsPlaces[$0.path].map { StatisticsID(index: $0) } }
    return instructions.map { instruction in
      var instruction = instruction
      instruction.parameters = instruction.parameters.map { identities[$0.index] }
      instruction.gradients = instruction.gradients.map { identities[$0.index] }
      instruction.statistics = instruction.statistics.map { kept[$0.index] }
      return instruction
    }
  }
}
