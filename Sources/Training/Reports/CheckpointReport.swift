import Interchange

/// What `checkpoint` prints.
package enum CheckpointReport {
  /// Prints what a checkpoint holds.
  ///
  /// - Throws: `RunError` if it is damaged or no checkpoint.
  package static func show(_ path: String, onlyHash: Bool, asJSON: Bool) throws(RunError) {
    let contents = try load(path)
    let state = contents.state
    if onlyHash { return print(state.weightsSHA256) }
    if asJSON {
      return Report.json([
        "step": .integer(state.step), "samples-seen": .integer(state.samplesSeen), "workers": .integer(state.workers),
        "lanes": .integer(state.lanes), "kernels": .text(state.kernels), "program": .text(state.program),
        "weights-sha256": .text(state.weightsSHA256), "tensors": .integer(contents.model.count),
        "test-accuracy": state.testAccuracy.map { .number($0) } ?? .nothing,
        "train-loss": state.trainLoss.map { .number($0) } ?? .nothing,
      ])
    }
    Report.table(
      ["tensor", "shape", "elements"],
      contents.model.map { [$0.name, "\($0.shape)", Display.count($0.elements.count)] })
    print("step \(state.step), \(Display.count(state.samplesSeen)) samples seen, by cnn-dist \(state.program)")
    print("computed by \(state.workers) ranks × \(state.lanes) lanes with \(state.kernels)")
    if let accuracy = state.testAccuracy { print("test accuracy \(Display.percent(accuracy, 2))") }
    print("weights-sha256 \(state.weightsSHA256)")
  }

  /// Checks every file of a checkpoint, and the weights against the recorded hash.
  ///
  /// - Throws: `RunError` with code `failed` if anything is damaged.
  package static func verify(_ path: String) throws(RunError) {
    let contents = try load(path)
    let hash = WeightsHash.sha256(contents.model)
    guard hash == contents.state.weightsSHA256 else {
      throw RunError(
        .failed, "\(path): the weights have SHA-256 \(hash), but its state says \(contents.state.weightsSHA256)")
    }
    print("\(path): whole; weights-sha256 \(hash)")
  }

  private static func load(_ path: String) throws(RunError) -> CheckpointContents {
    do { return try CheckpointStore.load(path) } catch { throw RunError.unusable(error) }
  }
}
