import Engine
import Network
import Planner
import TestSupport
import Testing

/// What the exchange relies on at `bucketComplete`.
@Suite struct BucketTests {
  @Test(arguments: [256, 512, 4096, 1 << 18])
  func `bucket sizes do not change bits`(elements: Int) throws {
    let usual = try Subject(Small.mixed, batch: 3)
    let cut = try Subject(Small.mixed, batch: 3) { $0.bucketElements = elements }
    #expect(cut.plan.layout.buckets.count == (cut.plan.layout.count + elements - 1) / elements)
    expectSame(try cut.train(), try usual.train(), usual.plan.layout)
  }

  /// The exchange sends a bucket's gradient on and overwrites its parameters while the backward pass goes on.
  @Test(arguments: RepeatabilityTests.networks + RecomputationTests.networks.prefix(1), RecomputeChoice.allCases)
  func `complete buckets are final`(network: NetworkDescription, recompute: RecomputeChoice) throws {
    let subject = try Subject(network, batch: 3) { ($0.bucketElements, $0.recompute) = (256, recompute) }
    var parameters = subject.parameters
    var gradient = [Float](repeating: .nan, count: subject.plan.layout.exchangedCount)
    var executor = try Executor(plan: subject.plan)
    let (outcome, seen) = unsafe parameters.withUnsafeMutableBufferPointer { parameters in
      unsafe gradient.withUnsafeMutableBufferPointer { gradient in
        var exchange = unsafe EagerExchange(
          buckets: subject.plan.layout.buckets, parameters: parameters, gradient: gradient)
        let outcome = unsafe subject.train(on: &executor, parameters, gradient, observer: &exchange)
        return (outcome, exchange.seen)
      }
    }
    expectSame(outcome, try subject.train(), subject.plan.layout)
    #expect(seen.map(\.bucket) == Array(subject.plan.layout.buckets.indices))
    for (bucket, values) in seen {
      let final = outcome.gradient[subject.plan.layout.buckets[bucket]]
      #expect(values.map(\.bitPattern) == final.map(\.bitPattern), "bucket \(bucket) changed after its completion")
    }
  }
}

/// Takes note of each bucket's gradient as soon as it is complete, and makes its parameters useless.
@safe
private struct EagerExchange: ProgramObserver {
  let buckets: [Range<Int>]
  let parameters: UnsafeMutableBufferPointer<Float>
  let gradient: UnsafeMutableBufferPointer<Float>
  private(set) var seen: [(bucket: Int, values: [Float])] = []

  init(
    buckets: [Range<Int>], parameters: UnsafeMutableBufferPointer<Float>, gradient: UnsafeMutableBufferPointer<Float>
  ) {
    self.buckets = buckets
    unsafe self.parameters = parameters
    unsafe self.gradient = gradient
  }

  mutating func after(_ index: Int, in execution: borrowing Execution) {}

  mutating func bucketComplete(_ bucket: Int) {
    seen.append((bucket, unsafe Array(gradient[buckets[bucket]])))
    for place in buckets[bucket] { unsafe parameters[place] = .nan }
  }
}
