import Collectives
import Optimizers
import Planner
import TestSupport
import Testing
import Training

/// Segments of the flat buffer and their updates.
@Suite struct OptimizerTests {
  @Test func segmentsPartitionTheBuffer() {
    for (count, bucket, ranks) in [(1, 256, 1), (1000, 256, 3), (5000, 1024, 4), (5000, 1 << 18, 7), (256, 256, 9)] {
      let layout = BucketLayout(buckets: .cut(count, into: [bucket]), block: 256, owners: ranks)
      let owned = (0..<ranks).map { OwnedSegments(layout: layout, rank: $0) }
      #expect(owned.flatMap { $0.pieces.flatMap { Array($0.range) } }.sorted() == Array(0..<count))
      for segments in owned {
        let places = segments.pieces.flatMap { $0.range.map(segments.place) }
        #expect(places == Array(0..<segments.count), "the rank's own storage has no gap")
        #expect(segments.pieces.map(\.place) == segments.pieces.map { segments.place(of: $0.range.lowerBound) })
      }
      let undivided = BucketLayout(buckets: layout.buckets, block: 256, owners: 1)
      let whole = (0..<ranks).map { OwnedSegments(layout: undivided, rank: $0) }
      #expect(whole.allSatisfy { $0.count == count }, "where one owns everything, each rank does so for itself")
    }
  }

  /// Single precision rounds a few times per step.
  @Test(arguments: SGDCase.all)
  func updatesFollowTheFormula(settings: SGDCase) throws {
    let flat = try FlatCase(seed: 1)
    let got = flat.updated(by: settings.configuration, owners: 1, bucket: 1 << 18)
    let want = flat.expected(settings.configuration)
    for parameter in flat.layout.parameters {
      let worst = parameter.range.map { abs(Double(got.parameters[$0]) - want[$0]) / max(1, abs(want[$0])) }.max()
      #expect((worst ?? 1) <= 2e-6, "\(parameter.name)")
    }
  }

  /// Segments cut tensors anywhere; the bits must not show it.
  @Test(arguments: SGDCase.all, [(1, 256), (2, 512), (3, 256), (5, 1024), (4, 1 << 18)])
  func cutsChangeNoBit(settings: SGDCase, cut: (ranks: Int, bucket: Int)) throws {
    let flat = try FlatCase(seed: 2)
    let whole = flat.updated(by: settings.configuration, owners: 1, bucket: 1 << 18)
    let parts = flat.updated(by: settings.configuration, owners: cut.ranks, bucket: cut.bucket)
    let all = flat.updated(by: settings.configuration, owners: 1, bucket: cut.bucket)
    for other in [parts, all] {
      #expect(other.parameters.map(\.bitPattern) == whole.parameters.map(\.bitPattern))
      #expect(other.momenta.map(\.bitPattern) == whole.momenta.map(\.bitPattern))
    }
  }

  /// With no gradient, only what decays moves.
  @Test(arguments: [false, true])
  func decayBelongsToWeights(decayAll: Bool) throws {
    var flat = try FlatCase(seed: 3)
    flat.gradients = flat.gradients.map { $0.map { _ in 0 } }
    var settings = SGDConfiguration()
    (settings.momentum, settings.weightDecay, settings.decayAll) = (0, 0.1, decayAll)
    let got = flat.updated(by: settings, owners: 3, bucket: 256)
    for parameter in flat.layout.parameters {
      let isMoved = zip(got.parameters[parameter.range], flat.start[parameter.range]).contains { $0 != $1 }
      #expect(isMoved == (decayAll || ["conv.weight", "fc.weight"].contains(parameter.name)), "\(parameter.name)")
    }
  }

  @Test func trailerIsAveragedOrCopied() throws {
    let flat = try FlatCase(seed: 4)
    let got = flat.updated(by: SGDConfiguration(), owners: 3, bucket: 256)
    let last = try #require(flat.gradients.last)
    for place in [flat.layout.metrics, flat.layout.digests].joined() { #expect(got.parameters[place] == last[place]) }
    for statistics in flat.layout.statistics {
      for place in [statistics.mean, statistics.variance].joined() {
        let momentum = Double(statistics.momentum)
        let want = flat.gradients.reduce(Double(flat.start[place])) {
          (1 - momentum) * $0 + momentum * Double($1[place]) / Double(FlatCase.microBatches)
        }
        #expect(abs(Double(got.parameters[place]) - want) < 1e-6)
      }
    }
  }

  @Test func momentaAreRestoredBySegments() throws {
    let flat = try FlatCase(seed: 5)
    let segments = BucketLayout(buckets: flat.layout.buckets, block: 256, owners: 3)
    let values = (0..<flat.layout.count).map(Float.init)
    var collected = [Float](repeating: -1, count: flat.layout.count)
    var parameters = flat.start
    unsafe parameters.withUnsafeMutableBufferPointer { parameters in
      guard let base = parameters.baseAddress else { return }
      for rank in 0..<3 {
        let owned = OwnedSegments(layout: segments, rank: rank)
        let optimizer = unsafe FlatOptimizer(
          layout: flat.layout, owned: owned, settings: SGDConfiguration(), microBatches: 4, parameters: base)
        optimizer.restore(from: values)
        for (range, place) in owned.pieces {
          collected.replaceSubrange(range, with: optimizer.ownedMomenta[place..<place + range.count])
        }
      }
    }
    #expect(collected == values)
  }
}
