import Collectives
import TestSupport
import Testing

@Suite struct BucketLayoutTests {
  @Test(arguments: [1, 255, 256, 257, 5_000, 100_000], [1, 2, 3, 5, 8])
  func `buckets and segments partition the buffer`(count: Int, ranks: Int) {
    for lengths in [[256], [768], [4_096], [256, 2_048, 512]] {
      let layout = BucketLayout(buckets: .cut(count, into: lengths), block: 256, owners: ranks)
      #expect(layout.buckets.flatMap { Array($0) } == Array(0..<count))
      for (bucket, range) in layout.buckets.enumerated() {
        let segments = (0..<ranks).map { layout.segment(bucket: bucket, rank: $0) }.filter { !$0.isEmpty }
        let ordered = segments.sorted { $0.lowerBound < $1.lowerBound }
        #expect(ordered.flatMap { Array($0) } == Array(range))
        #expect(segments.allSatisfy { $0.lowerBound.isMultiple(of: 256) })
        #expect(segments.allSatisfy { $0.upperBound.isMultiple(of: 256) || $0.upperBound == count })
        let owners = layout.owners(of: bucket)
        #expect(owners.sorted() == Array(0..<ranks))
        #expect(owners.map { layout.segment(bucket: bucket, rank: $0) }.filter { !$0.isEmpty } == ordered)
        for block in stride(from: range.lowerBound, to: range.upperBound, by: 256) {
          let owner = layout.owner(of: min(block + 255, count - 1))
          #expect(layout.segment(bucket: bucket, rank: owner).contains(block))
        }
        #expect([range.lowerBound, range.upperBound - 1].allSatisfy { layout.bucket(at: $0) == bucket })
      }
    }
  }

  @Test func `small buckets burden all ranks alike`() {
    let layout = BucketLayout(buckets: .cut(256 * 12, into: [256]), block: 256, owners: 4)
    let owned = (0..<4).map { rank in
      layout.buckets.indices.reduce(0) { $0 + layout.segment(bucket: $1, rank: rank).count }
    }
    #expect(owned == [768, 768, 768, 768])
    #expect((0..<4).allSatisfy { layout.longestSegment(rank: $0) == 256 })
  }
}

@Suite struct GradientReportTests {
  private let values = (0..<1_000).map { Float($0) * 0.37 }

  private struct Outcome: Equatable {
    let digest: UInt64
    let squares: Double
  }

  /// The report of one rank on all of `values`, in buckets of these lengths, added in reverse.
  private func outcome(_ values: [Float], lengths: [Int], count: Int) -> Outcome {
    let layout = BucketLayout(buckets: .cut(values.count, into: lengths), block: 256, owners: 1)
    let report = GradientReport(layout: layout, gradientCount: count, rank: 0)
    defer { report.deallocate() }
    report.begin()
    for (bucket, range) in layout.buckets.enumerated().reversed() {
      report.add(range, of: bucket, values: values.span.extracting(range))
    }
    return Outcome(digest: report.digest, squares: report.squares)
  }

  @Test func `the cut does not show`() {
    let whole = outcome(values, lengths: [1_024], count: 1_000)
    #expect(outcome(values, lengths: [256], count: 1_000) == whole)
    #expect(outcome(values, lengths: [256, 768], count: 1_000) == whole)
    let squares = values.reduce(0) { $0 + Double($1) * Double($1) }
    #expect(abs(whole.squares - squares) < 1e-12 * squares)
  }

  @Test func `the trailer is left out`() {
    var other = values
    other[990] = 0
    let before = outcome(values, lengths: [1_024], count: 990)
    #expect(outcome(other, lengths: [1_024], count: 990) == before)
    #expect(outcome(values, lengths: [256, 512], count: 700) == outcome(values, lengths: [1_024], count: 700))
    let with = (outcome(values, lengths: [1_024], count: 991), outcome(other, lengths: [1_024], count: 991))
    #expect(with.0.digest != with.1.digest && with.0.squares > with.1.squares && with.1.squares == before.squares)
  }

  @Test func `blocks that change places are noticed by the digest`() {
    let swapped = Array(values[256..<512]) + Array(values[0..<256]) + Array(values[512...])
    let (before, after) = (
      outcome(values, lengths: [1_024], count: 1_000), outcome(swapped, lengths: [1_024], count: 1_000)
    )
    #expect(after.digest != before.digest)
  }
}
