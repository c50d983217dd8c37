import Collectives
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(4))) struct ThreadClusterTests {
  @Test func `a message that nobody receives is an error`() {
    #expect(throws: CommunicationError.unreceived("8 bytes from rank 1 (tag 0) and 1 more messages to rank 0")) {
      try ThreadCluster.run(ranks: 2, deadline: .seconds(60)) { communicator in
        if communicator.rank == 1 { _ = try communicator.gather([1, 2, 3], at: 0) }
      }
    }
  }

  @Test func `results come in the order of the ranks`() throws {
    #expect(try ThreadCluster.run(ranks: 5) { $0.rank * 10 } == [0, 10, 20, 30, 40])
  }

  @Test func `the first error is thrown and ends the others`() {
    #expect(throws: Complaint()) {
      try ThreadCluster.run(ranks: 3, deadline: .seconds(60)) { communicator in
        if communicator.rank == 1 { throw Complaint() }
        try communicator.barrier()
      }
    }
  }

  @Test func `abort ends all ranks`() {
    #expect(throws: CommunicationError.aborted(rank: 2, code: 7)) {
      try ThreadCluster.run(ranks: 3, deadline: .seconds(60)) { communicator in
        if communicator.rank == 2 { communicator.abort(code: 7) }
        try communicator.barrier()
      }
    }
  }

  @Test func `a deadline names what each rank waits for`() {
    #expect {
      try ThreadCluster.run(ranks: 3, deadline: .milliseconds(300)) { communicator in
        // Rank 2 never speaks.
        if communicator.rank < 2 { _ = try communicator.broadcast([], from: 2) }
        if communicator.rank == 2 { try Cell(count: 4).receive(communicator, from: 0, tag: 9) }
      }
    } throws: { error in
      "\(error)".contains("rank 0 waits for 8 bytes from rank 2")
        && "\(error)".contains("rank 2 waits for 4 bytes from rank 0 (tag 9)")
    }
  }

  @Test func `a message of another length is an error`() {
    #expect(throws: CommunicationError.wrongLength(peer: 0, tag: 3, expected: 8, received: 4)) {
      try ThreadCluster.run(ranks: 2, deadline: .seconds(60)) { communicator in
        if communicator.rank == 0 { try Cell(count: 4).send(communicator, to: 1, tag: 3) { _ in } }
        if communicator.rank == 1 { try Cell(count: 8).receive(communicator, from: 0, tag: 3) }
      }
    }
  }

  @Test func `memory that changes under a message is an error`() {
    #expect {
      try ThreadCluster.run(ranks: 2, deadline: .seconds(60)) { communicator in
        if communicator.rank == 0 { try Cell(count: 4).send(communicator, to: 1, tag: 3) { $0.overwrite() } }
      }
    } throws: { error in
      "\(error)".contains("changed while it was being sent")
    }
  }

  @Test func `a rank has no message for itself`() {
    #expect(throws: CommunicationError.self) {
      try ThreadCluster.run(ranks: 2, deadline: .seconds(60)) { communicator in
        try Cell(count: 4).send(communicator, to: communicator.rank, tag: 3) { _ in }
      }
    }
  }

  @Test(arguments: [2, 3, 5]) func `a barrier holds back`(ranks: Int) throws {
    let entered = Counter()
    try ThreadCluster.run(ranks: ranks, deadline: .seconds(60), seed: 5) { communicator in
      for round in 1...20 {
        entered.count.add(1, ordering: .sequentiallyConsistent)
        try communicator.barrier()
        #expect(entered.count.load(ordering: .sequentiallyConsistent) >= round * ranks)
      }
    }
  }

  @Test func `waiting has a deadline`() {
    #expect(throws: CommunicationError.overdue(awaited: "a word from rank 1")) {
      try ThreadCluster.run(ranks: 2, deadline: .seconds(60)) { communicator in
        guard communicator.rank == 0 else { return }
        let deadline = Deadline(after: .milliseconds(50), awaited: "a word from rank 1")
        try Cell(count: 4).receive(communicator, from: 1, tag: 3, deadline: deadline)
      }
    }
  }
}

@Suite(.timeLimit(.minutes(4))) struct OrderedExchangeTests {
  @Test(arguments: [1, 2])
  func `a rank that waits for what never comes gives up at its deadline`(steps: Int) {
    let overdue = CommunicationError.overdue(awaited: "the end of the step")
    #expect(throws: overdue) {
      try ThreadCluster.run(ranks: 2, deadline: .seconds(60)) { communicator in
        let cell = Cell(count: 4)
        let layout = BucketLayout(buckets: [0..<1], block: 256, owners: 2)
        let exchange = try unsafe ExchangeOrder.fixed.exchange(
          communicator, layout: layout, tree: ReductionTree(leaves: 2), parameters: cell.floats, sums: [cell.floats],
          update: cell, gradientCount: 1)
        for step in 1...steps {
          try exchange.beginStep()
          try exchange.contribute(bucket: 0)
          // The other rank has sent its sums and never comes to its own end of the last step.
          if communicator.rank == 1, step == steps { return }
          try exchange.finishStep(deadline: Deadline(after: .milliseconds(500), awaited: "the end of the step"))
        }
      }
    }
  }

  @Test func `too many buckets for the tags are refused`() throws {
    #expect(throws: CommunicationError.self) {
      try ThreadCluster.run(ranks: 1) { communicator in
        let memory = Cell(count: 4)
        let layout = BucketLayout(buckets: .cut(256 << 20, into: [256]), block: 256, owners: 1)
        _ = try unsafe ExchangeOrder.fixed.exchange(
          communicator, layout: layout, tree: ReductionTree(leaves: 1), parameters: memory.floats,
          sums: [memory.floats], update: memory, gradientCount: 4)
      }
    }
  }
}

private struct Complaint: Error, Equatable {}

/// A counter that threads share.
private final class Counter: Sendable {
  let count = Atomic(0)
}

/// A few bytes at a fixed place in memory.
@safe
private final class Cell: SegmentUpdate {
  private let memory: UnsafeMutableRawBufferPointer

  init(count: Int) {
    unsafe memory = .allocate(byteCount: count, alignment: 16)
    unsafe memory.initializeMemory(as: UInt8.self, repeating: 1)
  }

  deinit { unsafe memory.deallocate() }

  var floats: UnsafeMutablePointer<Float> {
    unsafe memory.baseAddress.unsafelyUnwrapped.assumingMemoryBound(to: Float.self)
  }

  var waitsForWholeGradient: Bool { true }

  var gatherPositions: [Int] { [0] }

  func update(range: Range<Int>, gradient: UnsafeMutablePointer<Float>) {}

  func complete(squares: Double, gather: ListGather) throws(CommunicationError) {
    var list = [1.0]
    try gather(&list)
  }

  func overwrite() { unsafe memory[0] = 2 }

  func send(_ communicator: any Communicator, to peer: Int, tag: Int, meanwhile: (Cell) -> Void) throws {
    let group = communicator.reserveGroups(1)
    try unsafe communicator.send(UnsafeRawBufferPointer(memory), to: peer, tag: tag, group: group)
    meanwhile(self)
    try communicator.wait(group: group)
  }

  func receive(_ communicator: any Communicator, from peer: Int, tag: Int, deadline: Deadline? = nil) throws {
    let group = communicator.reserveGroups(1)
    try unsafe communicator.receive(into: memory, from: peer, tag: tag, group: group)
    try communicator.wait(group: group, deadline: deadline)
  }
}
