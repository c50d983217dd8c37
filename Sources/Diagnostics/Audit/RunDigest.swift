import Checkpoints
import Configuration
import Datasets
import Hashing

/// The hash that stands for an audited run.
enum RunDigest {
  /// A SHA-256 over what was trained, on what, what every step did, and the weights. Whoever repeats the run gets the
  /// same: no path, host, time, rank, lane, bucket or interval is in it.
  static func digest(_ records: RunRecords, _ ledger: LedgerIndex, weights: CheckpointAudit.Sound?) -> String {
    let data = records.identity.data
    let split = data.train
    var hash = SHA256()
    for part in [
      "cnn-dist audit 1", configuration(records.identity.configuration).text, records.identity.model,
      "\(split.count) \(split.shape) \(split.content) \(split.coverage)", "\(data.classes)",
      "\(ledger.steps.count) \(ledger.digest)", weights?.weightsSHA256 ?? "none",
    ] {
      hash.update("\(part.utf8.count)\n")
      hash.update(part)
    }
    return hash.finish()
  }

  /// The configuration without what never reaches the weights.
  private static func configuration(_ full: RunConfiguration) -> RunConfiguration {
    let standard = RunConfiguration()
    var copy = full
    (copy.model, copy.lanes) = (standard.model, standard.lanes)
    (copy.checkpoint, copy.evaluate, copy.verify) = (standard.checkpoint, standard.evaluate, standard.verify)
    (copy.exchange.bucket, copy.exchange.timeout) = (standard.exchange.bucket, standard.exchange.timeout)
    copy.train.recompute = standard.train.recompute
    (copy.data.cache, copy.data.testCount) = (standard.data.cache, standard.data.testCount)
    copy.data.path = nil
    (copy.data.images, copy.data.labels) = (nil, nil)
    (copy.data.testImages, copy.data.testLabels) = (nil, nil)
    return copy
  }
}
