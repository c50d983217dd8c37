import Dispatch
import Engine
import Kernels
import Network
import Planner
import Reference
import Synchronization
import TestSupport
import Testing

/// The bits of a micro-batch depend on the micro-batch and the parameters, on nothing else.
@Suite struct RepeatabilityTests {
  /// A few of everything: each kind of memory, the zoo's smallest, and random ones.
  static let networks: [NetworkDescription] =
    [Small.mixed, Zoo.models[0].network, Zoo.models[1].network] + (100..<112).map { RandomModel.network(seed: $0) }

  @Test(arguments: networks)
  func `nothing is read before it is written`(network: NetworkDescription) throws {
    let subject = try Subject(network, batch: 3)
    var poisoned = try Executor(plan: subject.plan)
    poisoned.poisonArena()
    expectSame(subject.train(on: &poisoned), try subject.train(), subject.plan.layout)
    poisoned.poisonArena()
    expectSame(subject.evaluate(on: &poisoned), try subject.evaluate(), subject.plan.layout)
  }

  @Test(arguments: networks)
  func `what ran before leaves no trace`(network: NetworkDescription) throws {
    let subject = try Subject(network, batch: 3)
    var other = try Subject(network, batch: 3, seed: 2, draw: 2)
    other.images = other.images.map { 100 * $0 }
    other.context = StepContext(seed: 6, step: 0, globalBatch: 3)
    var executor = try Executor(plan: subject.plan)
    let alone = subject.train(on: &executor)
    expectSame(subject.train(on: &executor), alone, subject.plan.layout)
    let evaluatedAlone = try subject.evaluate()
    _ = other.train(on: &executor)
    expectSame(subject.evaluate(on: &executor), evaluatedAlone, subject.plan.layout)
    _ = other.evaluate(on: &executor)
    expectSame(subject.train(on: &executor), alone, subject.plan.layout)
  }

  @Test(arguments: networks)
  func `shared memory changes nothing`(network: NetworkDescription) throws {
    let shared = try Subject(network, batch: 3)
    let apart = try Subject(network, batch: 3) { $0.reusesMemory = false }
    #expect(apart.plan.training.arenaCount >= shared.plan.training.arenaCount)
    expectSame(try apart.train(), try shared.train(), shared.plan.layout)
    expectSame(try apart.evaluate(), try shared.evaluate(), shared.plan.layout)
  }

  @Test(.timeLimit(.minutes(4)), arguments: [Small.mixed, Zoo.models[1].network])
  func `lanes do not disturb each other`(network: NetworkDescription) throws {
    let subjects = try (0..<4).map { try Subject(network, batch: 3, seed: 1, draw: UInt64($0)) }
    let alone = try subjects.map { try $0.train().bits($0.plan.layout) }
    let differing = Mutex<[Int]>([])
    DispatchQueue.concurrentPerform(iterations: subjects.count) { index in
      let subject = subjects[index]
      guard var executor = try? Executor(plan: subject.plan) else { return differing.withLock { $0.append(index) } }
      for _ in 0..<25 where subject.train(on: &executor).bits(subject.plan.layout) != alone[index] {
        differing.withLock { $0.append(index) }
      }
    }
    #expect(differing.withLock { $0 } == [])
  }

  /// A slightly other image must change everything that these tests compare, or they compare nothing.
  @Test func `the comparison sees a difference`() throws {
    var subject = try Subject(Small.mixed, batch: 3)
    let before = try subject.train().bits(subject.plan.layout)
    subject.images[0] += 1e-3
    let after = try subject.train().bits(subject.plan.layout)
    let equal = before.keys.filter { before[$0] == after[$0] }
    #expect(equal.isEmpty)
  }
}

/// Expects two outcomes to have the same bits, and names the tensors that do not.
func expectSame(_ a: Outcome, _ b: Outcome, _ layout: FlatLayout, sourceLocation: SourceLocation = #_sourceLocation) {
  let (first, second) = (a.bits(layout), b.bits(layout))
  let differing = Set(first.keys).union(second.keys).filter { first[$0] != second[$0] }.sorted()
  #expect(differing.isEmpty, sourceLocation: sourceLocation)
}
