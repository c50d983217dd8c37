/// Checks the memory rules of a plan on the value itself. A plan that breaks one is a defect of the planner.
package enum Verifier {
  /// Every rule that the plan breaks, in words; empty for a sound plan.
  package static func violations(of plan: StepPlan) -> [String] {
    memory(plan.training, "training") + memory(plan.evaluation, "evaluation") + buckets(plan.layout)
      + exchange(plan) + evaluationIsPassive(plan.evaluation)
  }

  /// Each read was written, each slot is written once, live slots do not overlap but where one may overwrite the other, and
  /// all lie within the arena.
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
    for (place, a) in live.enumerated() {
      for b in live[(place + 1)...] {
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

  /// Buckets are contiguous and cover the layout; tensors do not overlap.
  private static func buckets(_ layout: FlatLayout) -> [String] {
    var problems: [String] = []
    var end = 0
    for (index, bucket) in layout.buckets.enumerated() {
      if bucket.lowerBound != end || bucket.isEmpty {
        problems.append("bucket \(index) does not follow the one before")
      }
      end = bucket.upperBound
    }
    if end != layout.count { problems.append("the buckets cover \(end) of \(layout.count) numbers") }
    let ranges =
      layout.parameters.map(\.range) + layout.statistics.flatMap { [$0.mean, $0.variance] }
      + [layout.metrics, layout.digests]
    for (a, b) in zip(ranges, ranges.dropFirst()) where a.upperBound > b.lowerBound {
      problems.append("the tensors at \(a) and \(b) of the layout overlap")
    }
    return problems
  }

  /// Each gradient and each statistics is written once, before its buckets are complete; no parameter is read after its
  /// bucket is complete; each bucket is completed once, in ascending order.
  private static func exchange(_ plan: StepPlan) -> [String] {
    var problems: [String] = []
    var written: Set<ParameterID> = []
    var observed: Set<StatisticsID> = []
    var complete = 0
    let layout = plan.layout
    for (index, instruction) in plan.training.instructions.enumerated() {
      for (name, range) in touched(by: instruction, layout)
      where layout.buckets[..<complete].contains(where: { $0.overlaps(range) }) {
        problems.append("training \(index): touches '\(name)' after its bucket is complete")
      }
      for parameter in instruction.gradients where !written.insert(parameter).inserted {
        problems.append("training \(index): writes the gradient of '\(layout[parameter].name)' a second time")
      }
      if let statistics = instruction.statistics, !observed.insert(statistics).inserted {
        problems.append("training \(index): writes the statistics of '\(layout[statistics].path)' a second time")
      }
      if case .bucketComplete(let bucket) = instruction.operation {
        if bucket != complete { problems.append("training \(index): bucket \(bucket) is completed out of order") }
        complete = min(bucket + 1, layout.buckets.count)
      }
    }
    if complete != layout.buckets.count {
      problems.append("\(complete) of \(layout.buckets.count) buckets are completed")
    }
    let missing = layout.parameters.indices.filter { !written.contains(ParameterID(index: $0)) }
    return problems + missing.map { "no instruction writes the gradient of '\(layout.parameters[$0].name)'" }
  }

  /// What an instruction touches of the flat buffers.
  private static func touched(
    by instruction: Instruction, _ layout: FlatLayout
  ) -> [(name: String, range: Range<Int>)] {
    var touched = (instruction.parameters + instruction.gradients).map { (layout[$0].name, layout[$0].range) }
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
