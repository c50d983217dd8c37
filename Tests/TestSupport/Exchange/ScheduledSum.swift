package import Collectives

/// Follows accumulation schedules.
package enum ScheduledSum {
  /// The sums that `join` leaves, in order, for leaves given by `leaf`.
  package static func nodes(
    _ join: LaneJoin, _ parts: [Accumulation], leaf: (Int) -> [Float]
  ) -> [[Float]] {
    var slots = parts.map { accumulate($0, leaf: leaf) }
    for addition in join.additions {
      let source = slots[addition.source.part][addition.source.slot]
      add(source, to: &slots[addition.destination.part][addition.destination.slot])
    }
    return join.nodes.map { slots[$0.place.part][$0.place.slot] }
  }

  private static func accumulate(_ schedule: Accumulation, leaf: (Int) -> [Float]) -> [[Float]] {
    var slots = [[Float]](repeating: [], count: schedule.slotCount)
    for step in schedule.leaves {
      slots[step.slot] = leaf(step.index)
      for addition in step.additions { add(slots[addition.source], to: &slots[addition.destination]) }
    }
    return slots
  }

  private static func add(_ source: [Float], to destination: inout [Float]) {
    for index in destination.indices { destination[index] += source[index] }
  }
}
