import Configuration
import Interchange

/// What a checkpoint must be, beside being what its manifest says: files come from anywhere, and a manifest is easily
/// made to fit.
extension CheckpointContents {
  /// More steps than any run takes; products with sizes of batches stay far from an overflow.
  private static let largestStep = 1 << 40

  /// Fails with the name of the first thing that cannot be.
  ///
  /// - Parameter step: the step that the name of the checkpoint's directory tells; nil if it tells none.
  func check(namedStep step: Int?) throws(CheckpointDamage) {
    try checkNumbers(namedStep: step)
    for tensor in model { try Self.checkFinite(tensor, of: .model) }
    for tensor in optimizer { try Self.checkFinite(tensor, of: .optimizer) }
    let hash = WeightsHash.sha256(model)
    guard hash == state.weightsSHA256 else {
      throw CheckpointDamage(
        "its weights have SHA-256 \(hash), but the weights-sha256 of state.json is \(state.weightsSHA256)")
    }
  }

  private func checkNumbers(namedStep named: Int?) throws(CheckpointDamage) {
    let train = state.identity.configuration.train
    func require(
      _ holds: Bool, _ key: String, _ value: some CustomStringConvertible, _ rule: String
    ) throws(CheckpointDamage) {
      guard !holds else { return }
      throw CheckpointDamage("\(CheckpointPart.state.rawValue): \(key) is \(value), but must be \(rule)")
    }
    try require((0...Self.largestStep).contains(state.step), "step", state.step, "from 0 to \(Self.largestStep)")
    if let named { try require(state.step == named, "step", state.step, "\(named), as its directory's name says") }
    let samples = state.step * train.globalBatch
    try require(state.samplesSeen == samples, "samples-seen", state.samplesSeen, "\(samples), step × global-batch")
    let seed = state.identity.configuration.seed
    try require(state.seed == seed, "seed", state.seed, "\(seed), as in its configuration")
    try require(
      (0...state.step).contains(state.statesSince), "states-since", state.statesSince, "from 0 to its step")
    try require(state.workers >= 1, "workers", state.workers, "at least 1")
    try require(state.lanes >= 1, "lanes", state.lanes, "at least 1")
    try require(
      state.wallSeconds >= 0 && state.wallSeconds.isFinite, "wall-seconds", state.wallSeconds, "at least 0")
    for (key, share) in [("test-accuracy", state.testAccuracy), ("best-accuracy", state.bestAccuracy)] {
      if let share { try require((0...1).contains(share), key, share, "from 0 to 1") }
    }
    if let step = state.bestStep { try require((0...state.step).contains(step), "best-step", step, "a step before") }
    let pending = state.pending
    try require(
      (0...state.step).contains(pending.steps) && pending.samples == pending.steps * train.globalBatch
        && (0...pending.samples).contains(pending.correct) && pending.gradientNorm ?? 0 >= 0,
      "pending", "\(pending)", "the sums of some of its steps")
  }

  private static func checkFinite(_ tensor: NamedTensor, of part: CheckpointPart) throws(CheckpointDamage) {
    guard case .float32(let values) = tensor.elements, let index = values.firstIndex(where: { !$0.isFinite }) else {
      return
    }
    throw CheckpointDamage(
      "\(part.rawValue): the tensor '\(tensor.name)' holds \(values[index]) at index \(index), which is not finite")
  }
}
