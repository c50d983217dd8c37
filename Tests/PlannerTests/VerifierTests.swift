import Planner
import TestSupport
import Testing

/// The verifier finds each kind of damage in a plan that is broken by hand.
struct VerifierTests {
  private func violations(_ damage: (inout StepPlan) throws -> Void) throws -> [String] {
    var plan = try plan(mixedNetwork)
    #expect(Verifier.violations(of: plan) == [])
    try damage(&plan)
    return Verifier.violations(of: plan)
  }

  private func place(in program: Program, _ fits: (Instruction) -> Bool) throws -> Int {
    let place = program.instructions.firstIndex(where: fits)
    return try #require(place)
  }

  private func isBucket(_ instruction: Instruction) -> Bool {
    if case .bucketComplete = instruction.operation { true } else { false }
  }

  @Test
  func `a read before the write`() throws {
    let found = try violations { $0.training.instructions.swapAt(0, 1) }
    #expect(found.contains("training 0: reads 'first y' before it is written"))
    let evaluation = try violations { $0.evaluation.instructions.removeFirst() }
    #expect(evaluation.contains("evaluation 0: reads 'first y' before it is written"))
  }

  @Test
  func `a second write`() throws {
    let found = try violations { plan in
      plan.training.instructions[1].writes[0] = plan.training.instructions[0].writes[0]
    }
    #expect(found.contains("training 1: writes 'first y' a second time"))
  }

  @Test
  func `live slots that overlap`() throws {
    let found = try violations { plan in
      let (a, b) = (plan.training.instructions[1].reads[0].index, plan.training.instructions[1].writes[0].index)
      plan.training.slots[b].offset = plan.training.slots[a].offset
    }
    #expect(found.contains("training: 'first y' and 'norm y' overlap"))
  }

  @Test
  func `scratch that overlaps what the instruction reads`() throws {
    let found = try violations { plan in
      let body = try place(in: plan.training) { $0.path == "block.body" && $0.pass == .forward }
      let scratch = try #require(plan.training.instructions[body].scratch).index
      plan.training.slots[scratch].offset = plan.training.slots[plan.training.instructions[body].reads[0].index].offset
    }
    #expect(found.contains { $0.contains("'block.body scratch'") && $0.hasSuffix("overlap") })
  }

  @Test
  func `logits that do not survive`() throws {
    let found = try violations { plan in
      let (last, logits) = (try #require(plan.training.slots.indices.last), plan.training.logits.index)
      let late = try #require(plan.training.slots.indices.last { plan.training.slots[$0].name.hasSuffix("dx") })
      #expect(last >= late)
      plan.training.slots[late].offset = plan.training.slots[logits].offset
    }
    #expect(found.contains { $0.contains("'head y'") && $0.hasSuffix("overlap") })
  }

  @Test(arguments: [-16, 1 << 30])
  func `a slot outside the arena`(offset: Int) throws {
    let found = try violations { plan in
      plan.training.slots[plan.training.logits.index].offset = offset
    }
    #expect(found.contains("training: 'head y' lies outside the arena"))
  }

  @Test
  func `buckets with a gap, and buckets that end too early`() throws {
    let gap = try violations {
      $0.layout.buckets[1] = $0.layout.buckets[1].lowerBound + 16..<$0.layout.buckets[1].upperBound
    }
    #expect(gap.contains("bucket 1 does not follow the one before"))
    let short = try violations { $0.layout.buckets.removeLast() }
    #expect(short.contains { $0.hasPrefix("the buckets cover ") })
  }

  @Test
  func `tensors of the layout that overlap`() throws {
    let found = try violations { plan in
      let range = plan.layout.parameters[1].range
      plan.layout.parameters[1].range = range.lowerBound - 16..<range.upperBound - 16
    }
    #expect(found.contains { $0.hasSuffix("of the layout overlap") })
  }

  @Test
  func `a gradient that is written twice or never`() throws {
    let twice = try violations { plan in
      let place = try place(in: plan.training) { $0.path == "head" && !$0.gradients.isEmpty }
      plan.training.instructions[place].gradients.append(plan.training.instructions[place].gradients[0])
    }
    #expect(twice.contains { $0.hasSuffix("writes the gradient of 'head.weight' a second time") })
    let never = try violations { plan in
      let place = try place(in: plan.training) { $0.path == "head" && !$0.gradients.isEmpty }
      plan.training.instructions[place].gradients = []
    }
    #expect(never.contains("no instruction writes the gradient of 'head.weight'"))
  }

  private func frozenViolations(_ damage: (inout StepPlan) throws -> Void) throws -> [String] {
    var options = PlanOptions(microBatch: 4, microBatches: 3, bucketElements: 256)
    (options.frozen, options.frozenStatistics) = (["norm.weight", "norm.bias"], ["norm"])
    var plan = try Planner.plan(mixedNetwork, options: options)
    #expect(Verifier.violations(of: plan) == [])
    try damage(&plan)
    return Verifier.violations(of: plan)
  }

  @Test
  func `a gradient of what is frozen, and a frozen tensor with a bucket`() throws {
    let gradient = try frozenViolations { plan in
      let place = try place(in: plan.training) { $0.pass == .backward && $0.statistics != nil }
      plan.training.instructions[place].gradients = plan.training.instructions[place].parameters
    }
    #expect(gradient.contains { $0.hasSuffix("writes a gradient of the frozen 'norm.weight'") })
    let bucket = try frozenViolations { plan in
      let place = try #require(plan.layout.parameters.firstIndex { $0.name == "norm.bias" })
      plan.layout.parameters[place].range = 0..<16
    }
    #expect(bucket.contains("the frozen tensor at 0..<16 has a bucket"))
    let none = try frozenViolations { plan in
      let end = plan.layout.count
      plan.layout.parameters[0].range = end..<end + 16
    }
    #expect(none.contains { $0.hasSuffix("has no bucket") })
  }

  @Test
  func `statistics that are frozen and observed, or updated and read`() throws {
    let observing = try plan(mixedNetwork).training.instructions[1].operation
    let observed = try frozenViolations { plan in
      let place = try place(in: plan.training) { $0.path == "norm" }
      plan.training.instructions[place].operation = observing
    }
    #expect(observed.contains { $0.hasSuffix("writes the frozen statistics of 'norm'") })
    let read = try violations { plan in
      let place = try place(in: plan.training) { $0.path == "norm" }
      plan.training.instructions[place].operation = plan.evaluation.instructions[1].operation
    }
    #expect(read.contains { $0.hasSuffix("reads the moving statistics of 'norm'") })
    #expect(read.contains("no instruction writes the statistics of 'norm'"))
  }

  @Test
  func `an instruction that serves nothing`() throws {
    let found = try violations { plan in
      let place = try place(in: plan.training) { $0.path == "head" && !$0.gradients.isEmpty }
      var idle = plan.training.instructions[place]
      idle.gradients = []
      plan.training.instructions.insert(idle, at: place)
    }
    #expect(found.contains { $0.hasSuffix("nobody needs what dense backward weights computes") })
  }

  @Test
  func `statistics that are observed twice`() throws {
    let found = try violations { plan in
      let place = try place(in: plan.training) { $0.statistics != nil }
      plan.training.instructions.insert(plan.training.instructions[place], at: place)
    }
    #expect(found.contains { $0.hasSuffix("writes the statistics of 'norm' a second time") })
  }

  @Test
  func `a bucket that is complete too early`() throws {
    let found = try violations { plan in
      let bucket = try place(in: plan.training, isBucket)
      let early = plan.training.instructions.remove(at: bucket)
      let gradient = try place(in: plan.training) { $0.path == "head" && !$0.gradients.isEmpty }
      plan.training.instructions.insert(early, at: gradient)
    }
    #expect(found.contains { $0.hasSuffix("touches 'head.weight' after its bucket is complete") })
  }

  @Test
  func `the trailer's bucket before the statistics and the loss`() throws {
    let found = try violations { plan in
      let buckets = plan.training.instructions.filter(isBucket)
      plan.training.instructions.removeAll(where: isBucket)
      plan.training.instructions.insert(contentsOf: buckets, at: 0)
    }
    #expect(found.contains { $0.contains("touches 'norm statistics'") })
    #expect(found.contains { $0.contains("touches 'metrics'") })
  }

  @Test
  func `buckets out of order, missing, or unknown`() throws {
    let swapped = try violations { plan in
      let places = plan.training.instructions.indices.filter { isBucket(plan.training.instructions[$0]) }
      plan.training.instructions.swapAt(places[0], places[1])
    }
    #expect(swapped.contains { $0.hasSuffix("bucket 1 is completed out of order") })
    let missing = try violations { plan in plan.training.instructions.removeLast() }
    #expect(missing.contains { $0.hasSuffix("buckets are completed") })
    let unknown = try violations { plan in
      let place = try place(in: plan.training, isBucket)
      plan.training.instructions[place].operation = .bucketComplete(999)
    }
    #expect(unknown.contains { $0.hasSuffix("bucket 999 is completed out of order") })
  }

  @Test
  func `an evaluation that is not passive`() throws {
    let bucket = try violations { plan in
      plan.evaluation.instructions.append(try #require(plan.training.instructions.first(where: isBucket)))
    }
    #expect(bucket.contains { $0.hasPrefix("evaluation") && $0.hasSuffix("completes a bucket") })
    let gradient = try violations { plan in
      plan.evaluation.instructions[0].gradients = plan.evaluation.instructions[0].parameters
    }
    #expect(gradient.contains("evaluation 0: touches a gradient"))
    let again = try violations { $0.evaluation.instructions[0].pass = .recomputation }
    #expect(again.contains("evaluation 0: touches a gradient"))
  }
}
