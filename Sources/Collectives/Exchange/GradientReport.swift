internal import Hashing
internal import Kernels

/// What can be told of a reduced gradient by many ranks together, each of which has only the segments that it owns: a
/// digest, the sum of the squares, and whether all of it is finite.
///
/// The first two are made of one number per block of the flat buffer, so they have the same bits for any number of
/// ranks and any buckets. The digest is the wrapping sum of one hash per block, keyed by the block's position, so that
/// it notices blocks that change places. The squares of each block are summed in one fixed order, and the blocks' sums
/// in the order of the blocks.
package struct GradientReport {
  /// Each rank's message: 1 if anything that it owns is not finite, else 0; its share of the digest; then the squares
  /// of its blocks in their order.
  let messages: RankMessages
  private let layout: BucketLayout
  private let gradientCount: Int
  private let rank: Int
  /// For each bucket the word for the first block that this rank owns.
  private let firstWords: [Int]
  /// The words for the blocks' squares, in the order of the flat buffer.
  private let blocks: [Range<Int>]

  /// The report of `rank`, one of the owners of `layout`, on the first `gradientCount` floats of the flat buffer; the
  /// trailer behind them is left out.
  package init(layout: BucketLayout, gradientCount: Int, rank: Int) {
    let pieces = layout.buckets.indices.map { bucket in
      layout.owners(of: bucket).map { owner in
        let gradient = layout.segment(bucket: bucket, rank: owner).clamped(to: 0..<gradientCount)
        return (owner: owner, blocks: (gradient.count + layout.block - 1) / layout.block)
      }
    }
    var counts = [Int](repeating: Self.headWords, count: layout.owners)
    for piece in pieces.joined() { counts[piece.owner] += piece.blocks }
    let messages = RankMessages(counts: counts)
    var next = (0..<layout.owners).map { messages.words(of: $0).lowerBound + Self.headWords }
    var (firstWords, blocks): ([Int], [Range<Int>]) = ([], [])
    for bucket in pieces {
      firstWords.append(next[rank])
      for piece in bucket where piece.blocks > 0 {
        blocks.append(next[piece.owner]..<next[piece.owner] + piece.blocks)
        next[piece.owner] += piece.blocks
      }
    }
    self.messages = messages
    self.layout = layout
    self.gradientCount = gradientCount
    self.rank = rank
    self.firstWords = firstWords
    self.blocks = blocks
  }

  /// Begins the report on another gradient.
  package func begin() {
    messages[verdictWord(of: rank)] = 0
    messages[digestWord(of: rank)] = 0
  }

  /// Takes up reduced floats of the segment of `bucket` that this rank owns.
  ///
  /// - Parameters:
  ///   - range: starts with a block and ends with one or with the segment.
  ///   - values: the floats of `range`; its first one is element `range.lowerBound` of the flat buffer.
  package func add(_ range: Range<Int>, of bucket: Int, values: borrowing Span<Float>) {
    let segment = layout.segment(bucket: bucket, rank: rank)
    let before = range.lowerBound - segment.lowerBound
    precondition(before >= 0 && before.isMultiple(of: layout.block), "\(range) does not start with a block")
    var word = firstWords[bucket] + before / layout.block
    for start in stride(from: range.lowerBound, to: min(range.upperBound, gradientCount), by: layout.block) {
      let length = min(layout.block, range.upperBound - start, gradientCount - start)
      let offset = start - range.lowerBound
      let floats = values.extracting(offset..<offset + length)
      messages[digestWord(of: rank)] &+= Digest.block(floats, seed: UInt64(start / layout.block))
      // Squares of 32-bit numbers do not overflow in double precision: their sum is finite if the numbers are.
      let squares = Statistics.sumOfSquares(x: floats)
      messages[word] = squares.bitPattern
      if !squares.isFinite { messages[verdictWord(of: rank)] = 1 }
      word += 1
    }
  }

  /// The digest of the gradient, once the messages of all ranks are here.
  package var digest: UInt64 {
    (0..<layout.owners).reduce(0) { $0 &+ messages[digestWord(of: $1)] }
  }

  /// The sum of the squares of the gradient, once the messages of all ranks are here.
  package var squares: Double {
    blocks.reduce(0) { $1.reduce($0) { $0 + Double(bitPattern: messages[$1]) } }
  }

  /// Whether each number of the gradient is finite, once the verdicts of all ranks are here.
  package var isFinite: Bool {
    (0..<layout.owners).allSatisfy { messages[verdictWord(of: $0)] == 0 }
  }

  /// The part of a rank's message that tells whether what it owns is finite.
  func verdict(of rank: Int) -> SharedBytes { messages.bytes(of: rank, first: 1) }

  /// Frees the memory.
  package func deallocate() { messages.deallocate() }

  /// The words before the squares.
  private static let headWords = 2

  private func verdictWord(of rank: Int) -> Int { messages.words(of: rank).lowerBound }

  private func digestWord(of rank: Int) -> Int { messages.words(of: rank).lowerBound + 1 }
}
