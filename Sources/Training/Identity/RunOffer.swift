import Checkpoints
import Configuration
import Datasets
import Kernels
import Operators
import StrictYAML

/// What the coordinator tells all ranks before any of them opens the data.
struct RunOffer: Codable, Sendable {
  /// The configuration of a checkpoint; nil where each rank reads its own, so that a difference between machines is
  /// found. (The directory of a run that goes on may lie on the coordinator's machine alone.)
  var configuration: String?
  /// The data that the checkpoint's model was made for.
  var trained: TrainedData?

  /// The configuration that is offered; nil where each rank reads its own.
  func sharedConfiguration() throws(YAMLError) -> RunConfiguration? {
    guard let configuration else { return nil }
    return try Configurations.parse(configuration, source: "the configuration of the run")
  }

  /// The run of a configuration on this rank.
  ///
  /// - Throws: `RunError` with code `unusable`.
  func blueprint(_ run: RunConfiguration) throws(RunError) -> Blueprint {
    try RunError.asUnusable { try KernelSet.configure(run.kernels.isa) }
    return try Blueprint(run, trained: trained)
  }
}

/// The data that a checkpoint's model was made for.
package struct TrainedData: Codable, Hashable, Sendable {
  /// The checkpoint's path, for messages.
  let checkpoint: String
  /// The identity of the data.
  let data: DataIdentity

  /// Fails unless a data set has the classes and the shape that the model was made for. Asked before a model meets the
  /// data: what it would complain of is only a consequence.
  func check(_ dataset: Dataset) throws(RunError) {
    let shape = dataset.train.shape
    let today = SplitIdentity(
      count: data.train.count, shape: [shape.channels, shape.height, shape.width], content: data.train.content,
      coverage: data.train.coverage)
    let seen = DataIdentity(train: today, test: data.test, classes: dataset.train.classNames)
    guard let difference = data.differences(to: seen).first else { return }
    throw ContinuationRules.refusal(of: difference, checkpoint: checkpoint)
  }
}

extension Agreement {
  /// What rank 0 offers, on all ranks.
  func share(_ offer: RunOffer?) throws(RunError) -> RunOffer {
    try RunError.asFailed {
      let text = try offer.map { String(decoding: try RecordCoding.encode($0), as: UTF8.self) }
      return try RecordCoding.decode(RunOffer.self, from: Array(try share(text).utf8))
    }
  }
}
