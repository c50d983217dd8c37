import Collectives
import Hashing
import Kernels
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

  /// The state after `step` steps, on rank 0; nil elsewhere. All ranks call it together, since each holds the momentum
  /// of its own segments only.
  package func snapshot(step: Int) throws(RunError) -> TrainingState? {
    guard communicator.rank == 0 else {
      try sendMomenta()
      return nil
    }
    return TrainingState(step: step, parameters: parameters, momenta: try receiveMomenta())
  }

  private func sendMomenta() throws(RunError) {
    guard order == .fixed, optimizer.keepsMomentum else { return }
    let owned = OwnedSegments(layout: segments, rank: communicator.rank, order: order)
    let momenta = optimizer.ownedMomenta
    try failing { () throws(CommunicationError) in
      try unsafe momenta.withUnsafeBufferPointer { (all) throws(CommunicationError) in
        for (range, place) in owned.pieces {
          let piece = unsafe UnsafeRawBufferPointer(UnsafeBufferPointer(rebasing: all[place..<place + range.count]))
          try unsafe communicator.send(
            piece, to: 0, tag: Tag.snapshot, group: snapshotGroup)
        }
        try communicator.wait(group: snapshotGroup)
      }
    }
  }

  private func receiveMomenta() throws(RunError) -> [Float] {
    var flat = [Float](repeating: 0, count: blueprint.plan.layout.exchangedCount)
    guard optimizer.keepsMomentum else { return flat }
    let own = optimizer.ownedMomenta
    for (range, place) in OwnedSegments(layout: segments, rank: 0, order: order).pieces {
      flat.replaceSubrange(range, with: own[place..<place + range.count])
    }
    guard order == .fixed else { return flat }
    try failing { () throws(CommunicationError) in
      try unsafe flat.withUnsafeMutableBufferPointer { (all) throws(CommunicationError) in
        for rank in 1..<max(1, communicator.size) {
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
    for (range, _) in OwnedSegments(layout: segments, rank: rank, order: order).pieces {
      let piece = unsafe UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: flat[range]))
      try unsafe communicator.receive(
        into: piece, from: rank, tag: Tag.snapshot, group: snapshotGroup)
    }
  }
}
