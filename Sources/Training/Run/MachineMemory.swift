import Checkpoints
package import Collectives
package import Datasets
import Foundation

/// Memory that the ranks of a machine share.
///
/// Each rank sees other samples every epoch, so caches of their own would fill only over many epochs, and hold the same
/// images several times in the end.
package enum MachineMemory {
  /// The memory of this rank's machine: the first rank there creates it, the others find it. All ranks call it
  /// together.
  ///
  /// - Parameters:
  ///   - count: the number of bytes, the same on every rank.
  ///   - communicator: the ranks.
  /// - Returns: the memory, or why this rank has none; other ranks may.
  /// - Throws: `CommunicationError` if another rank is gone.
  package static func share(
    count: Int, over communicator: any Communicator
  ) throws(CommunicationError) -> Result<SharedMemory, DatasetError> {
    let hosts = try communicator.allGather(Array(communicator.host.utf8))
    let first = hosts.firstIndex(of: hosts[communicator.rank]) ?? communicator.rank
    let own = first == communicator.rank ? create(count) : nil
    let offers = try communicator.allGather(encode(own))
    let memory = own ?? open(offers[first], count)
    // The memory has no name: its creator must not let go of it before all have found it.
    try communicator.barrier()
    return memory
  }

  private static func create(_ count: Int) -> Result<SharedMemory, DatasetError> {
    do throws(DatasetError) { return .success(try SharedMemory.create(count: count)) } catch { return .failure(error) }
  }

  private static func encode(_ memory: Result<SharedMemory, DatasetError>?) -> [UInt8] {
    guard case .success(let memory)? = memory else { return [] }
    return (try? RecordCoding.encode(memory.address)) ?? []
  }

  private static func open(_ offer: [UInt8], _ count: Int) -> Result<SharedMemory, DatasetError> {
    guard let address = try? RecordCoding.decode(SharedMemory.Address.self, from: offer) else {
      return .failure(DatasetError("the first rank of this machine has no shared memory of \(count) bytes to offer"))
    }
    do throws(DatasetError) { return .success(try SharedMemory.open(address)) } catch { return .failure(error) }
  }
}
