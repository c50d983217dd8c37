/// Checks the memory rules of a plan on the value itself. A plan that breaks one is a defect of the planner.
package enum Verifier {
  /// Every rule that the plan breaks, in words; empty for a sound plan.
  package static func violations(of plan: StepPlan) -> [String] {
    memory(plan.training, "training") + memory(plan.evaluation, "evaluation") + idle(plan.training, "training")
      + idle(plan.evaluation, "evaluation") + buckets(plan.layout) + tensors(plan.layout) + exchange(plan)
      + gradients(plan) + statistics(plan) + evaluationIsPassive(plan.evaluation)
  }

  /// Each read was written, each slot is written once, live slots do not overlap but where one may overwrite the other,
  /// and all lie within the arena.
  private static func memory(_ program: Program, _ name: String) -> [String] {
    var problems: [String] = []
    var written: Set<SlotID> = [program.images]
    for (index, instruction) in program.instructions.enumerated() {
      for slot in instruction.reads where !written.contains(slot) {
        problems.append("\(name) \(index): reads '\(program[slot].name)' before it is written")
      }
      for slot in instruction.writes where !written.insert(slot).inserted {
        problems.append("\(name) \(index): writes '\(program[slot].name)' a second time")
      }
    }
    return problems + overlaps(program, name)
  }

  /// The slots' lives; the logits and the gradient of the images must survive the program.
  private static func lives(in program: Program) -> [ArenaPlanner.Life?] {
    var lives = ArenaPlanner.lives(of: program.slots.count, in: program.instructions)
    for kept in [program.logits, program.imageGradient].compactMap({ $0 }) {
      lives[kept.index] = lives[kept.index].map { $0.lowerBound...program.instructions.count }
    }
    return lives
  }

  private static func overlaps(_ program: Program, _ name: String) -> [String] {
    var problems: [String] = []
    let lives = lives(in: program)
    let live = program.slots.indices.filter { lives[$0] != nil && $0 != program.images.index }
    for slot in live
    where program.slots[slot].offset < 0 || program.slots[slot].range.upperBound > program.arenaCount {
      problems.append("\(name): '\(program.slots[slot].name)' lies outside the arena")
    }
    let overwriting = overwriting(in: program, lives)
    for (offset, a) in live.enumerated() {
      for b in live[(offset + 1)...] {
        guard let first = lives[a], let second = lives[b], first.overlaps(second) else { continue }
        let (one, other) = (program.slots[a].range, program.slots[b].range)
        if one.overlaps(other), one != other || !overwriting.contains([a, b]) {
          problems.append("\(name): '\(program.slots[a].name)' and '\(program.slots[b].name)' overlap")
        }
      }
    }
    return problems
  }

  /// The pairs of slots of which one may lie on the other: a result on an operand that lives no longer.
  private static func overwriting(in program: Program, _ lives: [ArenaPlanner.Life?]) -> Set<Set<Int>> {
    Set(
      program.instructions.enumerated().flatMap { index, instruction in
        Overwriting.possible(in: instruction, at: index, lives: lives, slots: program.slots)
          .map { [$0.read.index, $0.write.index] }
      })
  }

  /// The result of each instruction reaches a gradient of a parameter, statistics, a loss, or what the program is asked
  /// for.
  private static func idle(_ program: Program, _ name: String) -> [String] {
    var wanted = Set([program.logits, program.imageGradient].compactMap { $0 })
    var problems: [String] = []
    for (index, instruction) in program.instructions.enumerated().reversed() {
      guard instruction.isWanted(by: wanted) else {
        problems.append("\(name) \(index): nobody needs what \(instruction.operation.kind) computes")
        continue
      }
      wanted.formUnion(instruction.reads)
    }
    return problems.reversed()
  }

  /// Buckets are contiguous and cover what is exchanged.
  private static func buckets(_ layout: FlatLayout) -> [String] {
    var problems: [String] = []
    var end = 0
    for (index, bucket) in layout.buckets.enumerated() {
      if bucket.lowerBound != end || bucket.isEmpty {
        problems.append("bucket \(index) does not follow the one before")
      }
      end = bucket.upperBound
    }
    if end == layout.exchangedCount { return problems }
    return problems + ["the buckets cover \(end) of \(layout.exchangedCount) elements"]
  }

  /// Tensors do not overlap; all of them but the frozen ones have a bucket.
  private static func tensors(_ layout: FlatLayout) -> [String] {
    let (trained, updated) = (layout.trainedParameters, layout.updatedStatistics)
    let ranges = { (statistics: ArraySlice<FlatLayout.Statistics>) in statistics.flatMap { [$0.mean, $0.variance] } }
    let exchanged = trained.map(\.range) + ranges(updated) + [layout.metrics, layout.digests]
    let frozen =
      layout.parameters[trained.endIndex...].map(\.range) + ranges(layout.statistics[updated.endIndex...])
    let all = exchanged + frozen
    let overlaps = zip(all, all.dropFirst()).filter { $0.upperBound > $1.lowerBound }
    return overlaps.map { "the tensors at \($0) and \($1) of the layout overlap" }
      + exchanged.filter { $0.upperBound > layout.exchangedCount }.map { "the tensor at \($0) has no bucket" }
      + frozen.filter { $0.lowerBound < layout.exchangedCount }.map { "the frozen tensor at \($0) has a bucket" }
  }

  /// Each bucket is completed once, in ascending order, and none of its parameters, gradients and statistics is touched
  /// from there on.
  private static func exchange(_ plan: StepPlan) -> [String] {
    var problems: [String] = []
    var complete = 0
    let layout = plan.layout
    for (index, instruction) in plan.training.instructions.enumerated() {
      for (name, range) in touched(by: instruction, layout)
      where layout.buckets[..<complete].contains(where: { $0.overlaps(range) }) {
        problems.append("training \(index): touches '\(name)' after its bucket is complete")
      }
      if case .bucketComplete(let bucket) = instruction.operation {
        if bucket != complete { problems.append("training \(index): bucket \(bucket) is completed out of order") }
        complete = min(bucket + 1, layout.buckets.count)
      }
    }
    if complete == layout.buckets.count { return problems }
    return problems + ["\(complete) of \(layout.buckets.count) buckets are completed"]
  }

  /// The gradient of each trained parameter is written once, that of a frozen one never.
  private static func gradients(_ plan: StepPlan) -> [String] {
    var problems: [String] = []
    var written: Set<ParameterID> = []
    for (index, instruction) in plan.training.instructions.enumerated() {
      for id in instruction.writtenGradients {
        let parameter = plan.layout[id]
        if !parameter.isTrainable {
          problems.append("training \(index): writes a gradient of the frozen '\(parameter.name)'")
        }
        if !written.insert(id).inserted {
          problems.append("training \(index): writes the gradient of '\(parameter.name)' a second time")
        }
      }
    }
    let trained = plan.layout.trainedParameters
    let missing = trained.indices.filter { !written.contains(ParameterID(index: $0)) }
    return problems + missing.map { "no instruction writes the gradient of '\(trained[$0].name)'" }
  }

  /// Updated statistics are written once and never read, frozen ones only read.
  private static func statistics(_ plan: StepPlan) -> [String] {
    var problems: [String] = []
    var observed: Set<StatisticsID> = []
    for (index, instruction) in plan.training.instructions.enumerated() {
      guard let id = instruction.statistics else { continue }
      let (path, isUpdated) = (plan.layout[id].path, plan.layout[id].isUpdated)
      switch (instruction.observesStatistics, isUpdated) {
      case (true, false): problems.append("training \(index): writes the frozen statistics of '\(path)'")
      case (false, true): problems.append("training \(index): reads the moving statistics of '\(path)'")
      case (false, false): break
      case (true, true):
        guard !observed.insert(id).inserted else { continue }
        problems.append("training \(index): writes the statistics of '\(path)' a second time")
      }
    }
    let updated = plan.layout.updatedStatistics
    let missing = updated.indices.filter { !observed.contains(StatisticsID(index: $0)) }
    return problems + missing.map { "no instruction writes the statistics of '\(updated[$0].path)'" }
  }

  /// What an instruction touches of the flat buffers.
  private static func touched(
    by instruction: Instruction, _ layout: FlatLayout
  ) -> [(name: String, range: Range<Int>)] {
    var touched = (instruction.parameters + instruction.writtenGradients).map { (layout[$0].name, layout[$0].range) }
    if let statistics = instruction.statistics.map({ layout[$0] }) {
      touched += [statistics.mean, statistics.variance].map { ("\(statistics.path) statistics", $0) }
    }
    if case .loss = instruction.operation { touched.append(("metrics", layout.metrics)) }
    return touched
  }

  /// The evaluation program touches no gradient and completes no bucket.
  private static func evaluationIsPassive(_ program: Program) -> [String] {
    program.instructions.enumerated().compactMap { index, instruction in
      if case .bucketComplete = instruction.operation { return "evaluation \(index): completes a bucket" }
      let isActive = !instruction.gradients.isEmpty || [.backward, .recomputation].contains(instruction.pass)
      return isActive ? "evaluation \(index): touches a gradient" : nil
    }
  }
}
