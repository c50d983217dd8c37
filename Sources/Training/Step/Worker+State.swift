package import Checkpoints
import Collectives
import Configuration
import Hashing
import Kernels
import Optimizers
import Planner

/// What a worker tells about its state.
extension Worker {
  /// The flat parameter buffer.
  package var parameters: [Float] {
    let all = unsafe UnsafeBufferPointer(start: buffers.parameters, count: blueprint.plan.layout.count)
    return unsafe Array(all)
  }

  /// The XXH3 digest of the trained parameters, for the ledger.
  package var parameterDigest: UInt64 {
    let count = blueprint.plan.layout.parameterEnd
    return Digest.block(unsafe UnsafeBufferPointer(start: buffers.parameters, count: count).span, seed: 0)
  }

  /// The digests of the last step's micro-batches: of their samples and gradients.
  package var microBatchDigests: [UInt64] { digests(blueprint.plan.layout.digest(of:)) }

  /// The digest of all samples of the last step, as they were read, in the order of the micro-batches.
  package var samplesDigest: UInt64 {
    MicroBatchDigest.joined(digests(blueprint.plan.layout.samplesDigest(of:)))
  }

  private func digests(_ places: (_ microBatch: Int) -> Range<Int>) -> [UInt64] {
    (0..<blueprint.configuration.train.microBatches).map { microBatch in
      MicroBatchDigest.decode(places(microBatch).map { unsafe buffers.parameters[$0] })
    }
  }

  /// The line of the ledger of a step that was just taken, on rank 0.
  package func ledgerEntry(step: Int, _ metrics: StepMetrics) -> LedgerEntry {
    LedgerEntry(
      step: step, samples: LedgerEntry.text(samplesDigest), loss: metrics.loss,
      gradient: LedgerEntry.text(gradientDigest), gradientNorm: gradientNorm,
      weights: LedgerEntry.text(parameterDigest), microBatches: microBatchDigests.map(LedgerEntry.text))
  }

  /// The state after `step` steps, on rank 0; nil elsewhere. All ranks call it together, since each owner holds the
  /// optimizer states of its own segments only.
  package func snapshot(step: Int) throws(RunError) -> TrainingState? {
    guard communicator.rank == 0 else {
      for index in blueprint.updates.states.indices { try sendState(index) }
      return nil
    }
    var states: [[Float]] = []
    for index in blueprint.updates.states.indices { states.append(try receiveState(index)) }
    var state = TrainingState(step: step, statesSince: statesSince, parameters: parameters, states: states)
    state.schedule = schedule
    return state
  }

  /// Takes the last step back, so that `snapshot` gives the state before it, and rank 0 has its parameters. All ranks
  /// call it together; none can take another step after that.
  package func takeBack() throws(RunError) {
    optimizer.takeBack()
    let own = optimizer.ownedParameters
    guard communicator.rank == 0 else { return try sendOwned(own) }
    let flat = try receiveOwned(own)
    unsafe buffers.parameters.update(from: flat, count: flat.count)
  }

  /// A state of all parameters, on every rank. All ranks call it together.
  func sharedState(_ index: Int) throws(RunError) -> [Float] {
    guard communicator.size > 1 else { return try receiveState(index) }
    var bytes: [UInt8] = []
    if communicator.rank == 0 {
      let values = try receiveState(index)
      bytes = unsafe values.withUnsafeBytes { unsafe Array($0) }
    } else {
      try sendState(index)
    }
    let shared = try failing { () throws(CommunicationError) in try communicator.broadcast(bytes, from: 0) }
    return unsafe shared.withUnsafeBytes { unsafe Array($0.bindMemory(to: Float.self)) }
  }

  private func sendState(_ index: Int) throws(RunError) { try sendOwned(optimizer.ownedState(index)) }

  private func receiveState(_ index: Int) throws(RunError) -> [Float] {
    try receiveOwned(optimizer.ownedState(index))
  }

  /// Sends values of the owned segments to rank 0.
  private func sendOwned(_ values: [Float]) throws(RunError) {
    // Where rank 0 owns everything the others have nothing to tell.
    guard communicator.rank < segments.owners else { return }
    let owned = OwnedSegments(layout: segments, rank: communicator.rank)
    try failing { () throws(CommunicationError) in
      try unsafe values.withUnsafeBufferPointer { (all) throws(CommunicationError) in
        for (range, place) in owned.pieces {
          let piece = unsafe UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: all[place..<place + range.count]))
          try unsafe communicator.send(
            piece, to: 0, tag: Tag.snapshot, group: snapshotGroup)
        }
        try communicator.wait(group: snapshotGroup)
      }
    }
  }

  /// Values of the whole flat buffer, from the owners of its segments; `own` are those of rank 0.
  private func receiveOwned(_ own: [Float]) throws(RunError) -> [Float] {
    var flat = [Float](repeating: 0, count: blueprint.plan.layout.exchangedCount)
    for (range, place) in OwnedSegments(layout: segments, rank: 0).pieces {
      flat.replaceSubrange(range, with: own[place..<place + range.count])
    }
    try failing { () throws(CommunicationError) in
      try unsafe flat.withUnsafeMutableBufferPointer { (all) throws(CommunicationError) in
        for rank in 1..<max(1, segments.owners) {
          try unsafe receivePieces(of: rank, into: all)
        }
        try communicator.wait(group: snapshotGroup)
      }
    }
    return flat
  }

  private func receivePieces(
    of rank: Int, into flat: UnsafeMutableBufferPointer<Float>
  ) throws(CommunicationError) {
    for (range, _) in OwnedSegments(layout: segments, rank: rank).pieces {
      let piece = unsafe UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: flat[range]))
      try unsafe communicator.receive(
        into: piece, from: rank, tag: Tag.snapshot, group: snapshotGroup)
    }
  }
}
