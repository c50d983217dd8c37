import Engine
import Planner
import Testing

/// Masks are pure functions of (seed, layer, step, sample).
@Suite struct DropoutTests {
  /// One mask per dropout layer and sample.
  private typealias Masks = [String: [[Float]]]

  @Test func `masks depend on nothing else`() throws {
    let subject = try Subject(Small.mixed, batch: 4)
    let masks = try self.masks(of: subject)
    var other = try Subject(Small.mixed, batch: 4, seed: 2, draw: 9)
    other.samples = subject.samples
    #expect(try self.masks(of: other) == masks, "parameters, images and labels do not matter")
    other.context = StepContext(seed: subject.context.seed, step: subject.context.step, globalBatch: 1000)
    #expect(try self.masks(of: other) == masks, "the global batch does not matter")
  }

  @Test func `masks follow the sample wherever it stands`() throws {
    let subject = try Subject(Small.mixed, batch: 4)
    let masks = try self.masks(of: subject)
    var moved = try Subject(Small.mixed, batch: 7)
    moved.samples = [1, 2] + subject.samples.reversed() + [3]
    for (layer, found) in try self.masks(of: moved) {
      #expect(Array(found[2..<6].reversed()) == masks[layer], "\(layer)")
    }
  }

  @Test func `masks depend on seed, step, sample and layer`() throws {
    let subject = try Subject(Small.mixed, batch: 4)
    let masks = try self.masks(of: subject)
    let context = subject.context
    var others = [subject, subject, subject]
    others[0].context = StepContext(seed: context.seed + 1, step: context.step, globalBatch: context.globalBatch)
    others[1].context = StepContext(seed: context.seed, step: context.step + 1, globalBatch: context.globalBatch)
    others[2].samples = subject.samples.map { $0 + 1 }
    for other in others {
      for (layer, found) in try self.masks(of: other) {
        #expect(zip(found, masks[layer] ?? []).allSatisfy { $0 != $1 }, "\(layer)")
      }
    }
    let two = masks.values.flatMap { $0 }.map { $0.map { $0 > 0 }.prefix(20) }
    #expect(Set(two).count == two.count, "layers and samples draw masks of their own")
  }

  @Test func `masks scale what they keep`() throws {
    for (layer, masks) in try masks(of: Subject(Small.mixed, batch: 8)) {
      let rate: Float = layer == "drop1" ? 0.5 : 0.25
      #expect(Set(masks.joined()) == [0, 1 / (1 - rate)])
    }
  }

  private func masks(of subject: Subject) throws -> Masks {
    var executor = try Executor(plan: subject.plan)
    var collector = MaskCollector()
    _ = subject.train(on: &executor, observer: &collector)
    #expect(collector.masks.keys.sorted() == ["drop1", "drop2"])
    return collector.masks
  }

  private struct MaskCollector: ProgramObserver {
    var masks: Masks = [:]

    mutating func after(_ index: Int, in execution: borrowing Execution) {
      let instruction = execution.program.instructions[index]
      guard case .dropout(_, _, _, let count) = instruction.operation else { return }
      let numbers = execution.numbers(instruction.writes[1])
      masks[instruction.path] = stride(from: 0, to: numbers.count, by: count).map { Array(numbers[$0..<$0 + count]) }
    }

    mutating func bucketComplete(_ bucket: Int) {}
  }
}
