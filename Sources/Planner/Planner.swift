package import Network
import Operators

// This room decides what a training step does, before anything runs. In go a network and options, out come plain
// values:
//
//   Lowering  walks the model tree forward, then the list of forward instructions backward (differentiation, fusion,
//             algorithms of convolutions, what is frozen)
//   Memory    gives up what can be computed again and places slots in the arena
//   Layout    lays parameters, gradients and the trailer into flat buffers and cuts those into buckets
//   Program   the values themselves: `Program` for a micro-batch, `StepProgram` for the whole step, their cost
//             and text, and `Verifier`, which checks every rule on the value
//
// Nothing here computes a value of the network, reads a clock or knows a rank: every rank makes the same plan from the
// same arguments.

/// Turns (network, micro-batch size, bucket size) into the programs of a step.
package enum Planner {
  /// Plans the training and the evaluation program of `network`.
  ///
  /// - Throws: `NetworkError` if a layer does not fit its input, or a loss its output.
  package static func plan(_ network: NetworkDescription, options: PlanOptions) throws(NetworkError) -> StepPlan {
    precondition(options.bucketElements % FlatLayout.block == 0 && options.bucketElements > 0)
    let training = try lower(network, options: options, isTraining: true)
    try check(training.lowering.layers, options: options, network: network.name)
    let layout = FlatLayout(layers: training.lowering.layers, options: options)
    let evaluation = try lower(network, options: options, isTraining: false)
    return StepPlan(
      layout: layout, training: finish(training, layout: layout), evaluation: finish(evaluation, layout: layout),
      options: options)
  }

  /// Checks that what is frozen exists, and that not all is.
  private static func check(
    _ layers: [FlatLayout.LayerNeeds], options: PlanOptions, network: String
  ) throws(NetworkError) {
    let names = Set(layers.flatMap { $0.parameters.map(\.name) })
    let paths = Set(layers.filter { $0.statistics != nil }.map(\.path))
    if let name = options.frozen.subtracting(names).min() {
      throw NetworkError("model \(network): '\(name)' cannot be frozen, as there is no parameter of this name")
    }
    if let path = options.frozenStatistics.subtracting(paths).min() {
      throw NetworkError("model \(network): the statistics of '\(path)' cannot be frozen, as it keeps none")
    }
    guard names.isEmpty || options.frozen != names || options.imageGradient else {
      throw NetworkError(
        "model \(network): every parameter is frozen, so there is nothing to train; freeze all but the last layer, or "
          + "fewer")
    }
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
    let indices = Dictionary(uniqueKeysWithValues: parameters.enumerated().map { ($1.name, $0) })
    let identities = names.compactMap { indices[$0].map { ParameterID(index: $0) } }
    let statisticsIndices = Dictionary(uniqueKeysWithValues: statistics.enumerated().map { ($1.path, $0) })
    let kept = layers.filter { $0.statistics != nil }
      .compactMap { statisticsIndices[$0.path].map { StatisticsID(index: $0) } }
    return instructions.map { instruction in
      var instruction = instruction
      instruction.parameters = instruction.parameters.map { identities[$0.index] }
      instruction.gradients = instruction.gradients.map { $0.map { identities[$0.index] } }
      instruction.statistics = instruction.statistics.map { kept[$0.index] }
      return instruction
    }
  }
}

/// Where in a program the buckets are complete.
enum BucketPlan {
  /// Inserts `bucketComplete` after the last instruction that touches a bucket's parameters or gradients, in ascending
  /// order of the buckets. Buckets that hold a part of the trailer are complete at the end of the program.
  static func complete(_ instructions: [Instruction], layout: FlatLayout) -> [Instruction] {
    var lastTouch = [Int](repeating: -1, count: layout.parameters.count)
    for (index, instruction) in instructions.enumerated() {
      for parameter in instruction.parameters + instruction.writtenGradients { lastTouch[parameter.index] = index }
    }
    var completed: [Int: [Int]] = [:]
    var earliest = -1
    for (bucket, range) in layout.buckets.enumerated() {
      let touches = layout.parameters.indices.filter { layout.parameters[$0].range.overlaps(range) }
        .map { lastTouch[$0] }
      let isTrailer = range.upperBound > layout.parameterEnd
      earliest = max(earliest, isTrailer ? instructions.count - 1 : touches.max() ?? 0)
      completed[earliest, default: []].append(bucket)
    }
    return instructions.enumerated().flatMap { index, instruction in
      [instruction]
        + completed[index, default: []].map {
          Instruction(operation: .bucketComplete($0), pass: .exchange, path: "")
        }
    }
  }
}
