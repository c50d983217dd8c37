import Collectives
import TestSupport
import Testing

@Suite struct BucketLayoutTests {
  @Test(arguments: [1, 255, 256, 257, 5_000, 100_000], [1, 2, 3, 5, 8])
  func bucketsAndSegmentsPartitionTheBuffer(count: Int, ranks: Int) {
    for lengths in [[256], [768], [4_096], [256, 2_048, 512]] {
      let layout = BucketLayout(buckets: .cut(count, into: lengths), block: 256, owners: ranks)
      #expect(layout.buckets.flatMap { Array($0) } == Array(0..<count))
      for (bucket, range) in layout.buckets.enumerated() {
        let segments = (0..<ranks).map { layout.segment(bucket: bucket, rank: $0) }.filter { !$0.isEmpty }
        let ordered = segments.sorted { $0.lowerBound < $1.lowerBound }
        #expect(ordered.flatMap { Array($0) } == Array(range))
        #expect(segments.allSatisfy { $0.lowerBound.isMultiple(of: 256) })
        #expect(segments.allSatisfy { $0.upperBound.isMultiple(of: 256) || $0.upperBound == count })
        #expect([range.lowerBound, range.upperBound - 1].allSatisfy { layout.bucket(at: $0) == bucket })
      }
    }
  }

  @Test func smallBucketsBurdenAllRanksAlike() {
    let layout = BucketLayout(buckets: .cut(256 * 12, into: [256]), block: 256, owners: 4)
    let owned = (0..<4).map { rank in
      layout.buckets.indices.reduce(0) { $0 + layout.segment(bucket: $1, rank: rank).count }
    }
    #expect(owned == [768, 768, 768, 768])
    #expect((0..<4).allSatisfy { layout.longestSegment(rank: $0) == 256 })
  }
}

@Suite struct GradientDigestTests {
  private let values = (0..<1_000).map { Float($0) * 0.37 }

  private func digest(_ values: [Float], cuts: [Int], count: Int) -> UInt64 {
    zip([0] + cuts, cuts + [values.count]).reduce(0) { sum, range in
      let piece = Array(values[range.0..<range.1])
      return unsafe piece.withUnsafeBufferPointer { floats in
        guard let start = floats.baseAddress else { return sum }
        return unsafe sum &+ GradientDigest.share(of: range.0..<range.1, values: start, count: count, block: 256)
      }
    }
  }

  @Test func doesNotDependOnTheCut() {
    let whole = digest(values, cuts: [], count: 1_000)
    #expect(digest(values, cuts: [256], count: 1_000) == whole)
    #expect(digest(values, cuts: [256, 512, 768], count: 1_000) == whole)
  }

  @Test func leavesTheTrailerOut() {
    var other = values
    other[990] = 0
    #expect(digest(other, cuts: [], count: 990) == digest(values, cuts: [], count: 990))
    #expect(digest(other, cuts: [], count: 991) != digest(values, cuts: [], count: 991))
    #expect(digest(values, cuts: [256, 768], count: 700) == digest(values, cuts: [], count: 700))
  }

  @Test func noticesBlocksThatChangePlaces() {
    let swapped = Array(values[256..<512]) + Array(values[0..<256]) + Array(values[512...])
    #expect(digest(swapped, cuts: [], count: 1_000) != digest(values, cuts: [], count: 1_000))
  }
}
