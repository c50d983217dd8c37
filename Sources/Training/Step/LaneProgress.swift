import Synchronization

/// How far a lane is: the number of buckets, counted over all steps, that are final in its sums. Written by the lane
/// with release ordering and read by the main thread with acquire ordering, so what the lane wrote before is visible.
final class LaneProgress: Sendable {
  private let completed = Atomic<Int>(0)

  /// The lane has completed so many buckets.
  func publish(_ count: Int) { completed.store(count, ordering: .releasing) }

  /// The number of buckets that the lane has completed.
  var count: Int { completed.load(ordering: .acquiring) }
}
