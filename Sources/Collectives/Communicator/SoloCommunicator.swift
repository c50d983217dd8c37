internal import Foundation

/// The communicator of a run with one rank: there is nobody to talk to.
package final class SoloCommunicator: Communicator {
  package let rank = 0
  package let size = 1
  package let largestTag = Int.max
  package let activity = Activity()
  private var groups = 1

  /// A world of one rank.
  package init() {}

  package var awaited: (peer: Int, tag: Int)? { nil }

  package var host: String { ProcessInfo.processInfo.hostName }

  package func reserveGroups(_ count: Int) -> Int {
    defer { groups += count }
    return groups
  }

  package func send(_ bytes: UnsafeRawBufferPointer, to rank: Int, tag: Int, group: Int) throws(CommunicationError) {
    throw .failed(operation: "send", peer: rank, reason: "this run has one rank")
  }

  package func receive(
    into bytes: UnsafeMutableRawBufferPointer, from rank: Int, tag: Int, group: Int
  ) throws(CommunicationError) {
    throw .failed(operation: "receive", peer: rank, reason: "this run has one rank")
  }

  /// The sum over one rank is the rank's own values.
  package func startSum(_ values: UnsafeMutableBufferPointer<Float>, group: Int) {}

  package func progress() -> Bool { false }

  package func pending(group: Int) -> Int { 0 }

  package func abort(code: Int32) -> Never { exit(code) }
}
