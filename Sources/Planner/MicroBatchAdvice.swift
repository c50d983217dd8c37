package import Network

/// A micro-batch for a network, from its shapes alone.
package struct MicroBatchAdvice: Hashable, Sendable {
  /// Samples of a micro-batch, a power of two.
  package let microBatch: Int
  /// The estimated part of a micro-batch's work that does not grow with it.
  package let fixedShare: Double

  /// The sizes that are considered.
  package static let sizes = (0...7).map { 1 << $0 }
  /// The part of the work that may be spent on what does not grow.
  package static let limit = 0.08

  /// The smallest size for which what does not grow with the micro-batch is a small part of the work; the largest if
  /// there is none.
  ///
  /// - Parameters:
  ///   - options: what else the plan depends on.
  ///   - update: the optimizer.
  /// - Throws: `NetworkError` if a layer does not fit its input, or a loss its output.
  package init(
    for network: NetworkDescription, options: PlanOptions, update: UpdateSummary = .momentum
  ) throws(NetworkError) {
    var options = options
    var (size, share) = (0, 1.0)
    for candidate in Self.sizes where share > Self.limit {
      options.microBatch = candidate
      (size, share) = (candidate, StepWork(of: try Planner.plan(network, options: options), update: update).fixedShare)
    }
    microBatch = size
    fixedShare = share
  }
}
