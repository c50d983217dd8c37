/// The segments of all buckets that a rank owns, one behind the other.
package struct OwnedSegments: Hashable, Sendable {
  /// The owned ranges of the flat buffer and where each begins in the rank's own storage.
  package let pieces: [(range: Range<Int>, place: Int)]
  /// The length of the rank's own storage.
  package let count: Int
  private let layout: BucketLayout
  private let rank: Int
  /// For each bucket the place of its segment's first number minus the segment's start.
  private let shifts: [Int]

  /// The segments of `rank`.
  package init(layout: BucketLayout, rank: Int) {
    var pieces: [(Range<Int>, Int)] = []
    var shifts: [Int] = []
    var end = 0
    for bucket in layout.buckets.indices {
      let range = layout.segment(bucket: bucket, rank: rank)
      shifts.append(end - range.lowerBound)
      if !range.isEmpty { pieces.append((range, end)) }
      end += range.count
    }
    self.pieces = pieces
    self.shifts = shifts
    self.count = end
    self.layout = layout
    self.rank = rank
  }

  /// Where the number at `position` of the flat buffer lies in the rank's own storage.
  package func place(of position: Int) -> Int { position + shifts[layout.bucket(at: position)] }

  /// Whether the number at `position` of the flat buffer is the rank's.
  package func contains(_ position: Int) -> Bool {
    layout.segment(bucket: layout.bucket(at: position), rank: rank).contains(position)
  }

  package static func == (a: OwnedSegments, b: OwnedSegments) -> Bool {
    a.layout == b.layout && a.shifts == b.shifts
  }

  package func hash(into hasher: inout Hasher) { hasher.combine(shifts) }
}
