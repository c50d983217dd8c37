import Collectives
import Datasets
import Testing
import Training

/// The memory that the ranks of a machine share.
@Suite struct MachineMemoryTests {
  @Test(.timeLimit(.minutes(4)), arguments: [1, 2, 5])
  func `ranks of one machine share one memory`(ranks: Int) throws {
    let found = try ThreadCluster.run(ranks: ranks, deadline: .seconds(60)) { communicator in
      try MachineMemory.share(count: 5000, over: communicator)
    }
    let memories = try found.map { try $0.get() }
    #expect(memories.allSatisfy { $0.count == 5000 })
    #expect(memories.allSatisfy { $0.address.isSame(as: memories[0].address) })
  }

  @Test(.timeLimit(.minutes(4)))
  func `all ranks go on without memory that cannot be had`() throws {
    let found = try ThreadCluster.run(ranks: 3, deadline: .seconds(60)) { communicator in
      try MachineMemory.share(count: 1 << 60, over: communicator)
    }
    for result in found {
      #expect(throws: DatasetError.self) { try result.get() }
    }
  }
}
