import Checkpoints
import Configuration
import Datasets
import Operators
import Training

/// Proves that a run saw each sample once an epoch: the order is computed anew from the seed, and the digest of what
/// was read in each step from the data.
struct SampleAudit {
  /// What is wrong, a sentence each.
  private(set) var faults = FaultList()
  /// Epochs in which each sample was used once.
  private(set) var wholeEpochs = 0
  /// Samples of epochs that the ledger does not cover from beginning to end; each was used once at most.
  private(set) var looseSamples = 0
  /// Steps whose samples were read and are those of the ledger.
  private(set) var stepsRead = 0

  /// Checks that the stream of samples between two steps uses each sample once an epoch.
  mutating func checkOrder(_ records: RunRecords, steps: Range<Int>) {
    let (train, count) = (records.identity.configuration.train, records.identity.data.train.count)
    let order = SampleOrder(count: count, seed: records.identity.configuration.seed)
    let positions = steps.lowerBound * train.globalBatch..<steps.upperBound * train.globalBatch
    for epoch in positions.lowerBound / count..<(positions.upperBound + count - 1) / count {
      let covered = positions.clamped(to: epoch * count..<(epoch + 1) * count)
      var isUsed = [Bool](repeating: false, count: count)
      var doubled = 0
      for position in covered {
        let index = order.sample(at: position).index
        if isUsed[index] { doubled += 1 }
        isUsed[index] = true
      }
      if doubled > 0 { faults.add("epoch \(epoch + 1): \(doubled) samples are used more than once") }
      if covered.count == count { wholeEpochs += 1 } else { looseSamples += covered.count }
    }
  }

  /// Reads the samples of all steps of a ledger and compares their digests.
  ///
  /// - Throws: `RunError` with code `unusable` if the ledger or a sample cannot be read.
  mutating func checkContent(_ blueprint: Blueprint, ledger: String, steps: Int) throws(RunError) {
    var progress = ReadingProgress("samples of the steps")
    var samples = try StepContent(blueprint)
    var reader = try LedgerReader(ledger)
    while let line = try reader.next() {
      guard case .success(let entry) = line.entry else { continue }
      let digest = LedgerEntry.text(try samples.digest(ofStep: entry.step))
      if digest == entry.samples {
        stepsRead += 1
      } else {
        faults.add(
          "step \(entry.step): the samples that the data holds for it have the digest \(digest), but the ledger has "
            + entry.samples)
      }
      progress.tell(line.number, of: steps)
    }
  }
}

/// Reads the samples of steps without computing anything with them.
private struct StepContent {
  private let blueprint: Blueprint
  private let loader: MicroBatchLoader
  private var images: [Float]
  private var labels: [Int32]
  private var ids: [UInt64]

  init(_ blueprint: Blueprint) throws(RunError) {
    self.blueprint = blueprint
    // The digest is that of what was read; what augmentation makes of it is of no account here.
    loader = MicroBatchLoader(
      source: blueprint.dataset.train, order: blueprint.order, augmentations: [],
      normalization: blueprint.normalization, seed: blueprint.configuration.seed)
    let size = blueprint.configuration.train.microBatch
    images = [Float](repeating: 0, count: size * blueprint.dataset.train.shape.count)
    labels = [Int32](repeating: 0, count: size)
    ids = [UInt64](repeating: 0, count: size)
  }

  /// The digest of all samples of a step.
  mutating func digest(ofStep step: Int) throws(RunError) -> UInt64 {
    var digests: [UInt64] = []
    for microBatch in 0..<blueprint.configuration.train.microBatches {
      let positions = blueprint.positions(step: step, microBatch: microBatch)
      digests.append(try Self.digest(loader, positions, &images, &labels, &ids))
    }
    return MicroBatchDigest.joined(digests)
  }

  private static func digest(
    _ loader: MicroBatchLoader, _ positions: Range<Int>, _ images: inout [Float], _ labels: inout [Int32],
    _ ids: inout [UInt64]
  ) throws(RunError) -> UInt64 {
    var pixels = images.mutableSpan
    var classes = labels.mutableSpan
    var numbers = ids.mutableSpan
    do {
      return try loader.load(positions: positions, images: &pixels, labels: &classes, ids: &numbers).contentDigest
    } catch {
      throw RunError.unusable(error)
    }
  }
}
