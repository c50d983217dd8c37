import Checkpoints
import Configuration
import Datasets
import Interchange
package import Training

/// What `checkpoint` prints.
package enum CheckpointReport {
  /// Prints what a checkpoint holds.
  ///
  /// - Throws: `RunError` if it is damaged or no checkpoint.
  package static func show(_ path: String, onlyHash: Bool, asJSON: Bool) throws(RunError) {
    let contents = try load(path)
    let state = contents.state
    if onlyHash { return print(state.weightsSHA256) }
    let identity = state.identity
    if asJSON {
      return Report.json([
        "step": .integer(state.step), "samples-seen": .integer(state.samplesSeen), "workers": .integer(state.workers),
        "lanes": .integer(state.lanes), "kernels": .text(identity.kernels), "program": .text(identity.program),
        "build": .text(identity.build), "model": .text(identity.configuration.model.name),
        "classes": .list(identity.data.classes.map { .text($0) }),
        "training-data": .text(identity.data.train.content), "test-data": .text(identity.data.test.content),
        "weights-sha256": .text(state.weightsSHA256), "tensors": .integer(contents.model.count),
        "test-accuracy": state.testAccuracy.map { .number($0) } ?? .nothing,
        "train-loss": state.trainLoss.map { .number($0) } ?? .nothing,
      ])
    }
    Report.table(
      ["tensor", "shape", "elements"],
      contents.model.map { [$0.name, "\($0.shape)", Display.count($0.elements.count)] })
    print("step \(state.step), \(Display.count(state.samplesSeen)) samples seen, by cnn-dist \(identity.program)")
    print("computed by \(state.workers) ranks × \(state.lanes) lanes with \(identity.kernels)")
    print(
      "\(identity.configuration.model.name), \(identity.data.classes.count) classes: \(names(identity.data.classes))")
    if let accuracy = state.testAccuracy { print("test accuracy \(Display.percent(accuracy, 2))") }
    print("weights-sha256 \(state.weightsSHA256)")
  }

  /// The first class names, and how many follow.
  private static func names(_ classes: [String]) -> String {
    let shown = classes.prefix(20).joined(separator: ", ")
    return classes.count > 20 ? "\(shown), … (--json has all)" : shown
  }

  /// Checks a checkpoint as every use of it does: each file against the manifest, the weights against their hash, every
  /// number and value for what it may be.
  ///
  /// - Throws: `RunError` if anything is damaged.
  package static func verify(_ path: String) throws(RunError) {
    let contents = try load(path)
    print("\(path): whole; weights-sha256 \(contents.state.weightsSHA256)")
  }

  private static func load(_ path: String) throws(RunError) -> CheckpointContents {
    do { return try CheckpointStore.load(path) } catch { throw RunError.unusable(error) }
  }
}
