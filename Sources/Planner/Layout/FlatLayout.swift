package import Network

/// Where everything lies in the flat buffers. Parameters, gradients and momenta share this one layout:
///
///     trained parameters, last layer first | running statistics | metrics | digests || frozen parameters | statistics
///
/// What follows the trained parameters is the trailer: it travels after the gradients in the last buckets, so a step
/// needs no further collective. In the gradient buffer the statistics part holds the micro-batch's mean and variance,
/// in the parameter buffer the running ones. What is frozen lies after the trailer and outside of all buckets: gradient
/// buffers end before it.
package struct FlatLayout: Hashable, Sendable {
  /// Buckets and segments are cut at multiples of this many elements, one KiB; the gradient's digest is made of the
  /// digests of such blocks.
  package static let block = 256
  /// Each tensor starts at a multiple of this many elements (64 bytes).
  package static let alignment = 16
  /// Elements that one digest takes: 64 bits as four 16-bit integers, which a sum with zeros leaves exact.
  package static let digestWidth = 4

  /// One tensor of the model.
  package struct Parameter: Hashable, Sendable {
    /// The full name: path and name within the layer, "layer1.0.conv1.weight".
    package let name: String
    /// Shape, arrangement and initial values.
    package let description: ParameterDescription
    /// Its elements in a flat buffer.
    package var range: Range<Int>
    /// Whether it is trained; else it is frozen, and has no gradient.
    package let isTrainable: Bool
  }

  /// The running mean and variance of one layer.
  package struct Statistics: Hashable, Sendable {
    /// The path of the layer.
    package let path: String
    /// Where the means lie, one per channel.
    package let mean: Range<Int>
    /// Where the variances lie, one per channel.
    package let variance: Range<Int>
    /// The weight of the newest step.
    package let momentum: Float
    /// Whether each step moves them; else they are frozen, and used in training as they are.
    package let isUpdated: Bool
  }

  /// Parameters in order of execution, last layer first: the trained ones, then the frozen ones.
  package var parameters: [Parameter]
  /// Statistics in order of execution, last layer first: those that are updated, then the frozen ones.
  package let statistics: [Statistics]
  /// The end of the trained parameters and the beginning of the trailer.
  package let parameterEnd: Int
  /// Where the metrics lie; see `Metric`.
  package let metrics: Range<Int>
  /// Where the micro-batches' digests lie, two of `digestWidth` elements for each.
  package let digests: Range<Int>
  /// The size in elements of what is exchanged, which the buckets cover: trained parameters and trailer. A buffer of
  /// gradients or of optimizer state holds this much.
  package let exchangedCount: Int
  /// The size of the flat parameter buffer in elements.
  package let count: Int
  /// The buckets: contiguous, in the order in which the backward pass completes them.
  package var buckets: [Range<Int>]

  /// The parameter of the given identity.
  package subscript(_ id: ParameterID) -> Parameter { parameters[id.index] }

  /// The statistics of the given identity.
  package subscript(_ id: StatisticsID) -> Statistics { statistics[id.index] }

  /// The parameters that are trained.
  package var trainedParameters: ArraySlice<Parameter> { parameters.prefix(while: \.isTrainable) }

  /// The statistics that each step moves.
  package var updatedStatistics: ArraySlice<Statistics> { statistics.prefix(while: \.isUpdated) }

  /// The number of all parameters' elements, without the gaps between tensors.
  package var parameterCount: Int { parameters.reduce(0) { $0 + $1.range.count } }

  /// Those of them that are trained.
  package var trainedCount: Int { trainedParameters.reduce(0) { $0 + $1.range.count } }

  /// The index of a metric.
  package func index(of metric: Metric) -> Int { metrics.lowerBound + metric.rawValue }

  /// Where the digest of one micro-batch's contribution lies: its samples and its gradient.
  package func digest(of microBatch: Int) -> Range<Int> { digest(number: 2 * microBatch) }

  /// Where the digest of one micro-batch's samples alone lies.
  package func samplesDigest(of microBatch: Int) -> Range<Int> { digest(number: 2 * microBatch + 1) }

  private func digest(number: Int) -> Range<Int> {
    let start = digests.lowerBound + number * Self.digestWidth
    return start..<start + Self.digestWidth
  }
}

/// The sums over a step that travel in the trailer.
package enum Metric: Int, CaseIterable, Sendable {
  /// The sum of the samples' losses.
  case loss
  /// The number of samples whose largest logit is that of their label.
  case correct
  /// The number of samples.
  case samples
  /// How many ranks ask to save and stop after this step.
  case stopVotes
  /// How many ranks ask for a checkpoint after this step.
  case saveVotes
  /// How many micro-batches were given up, so that the step does not count.
  case givenUp
}

extension FlatLayout {
  /// What the layout needs to know of one layer.
  struct LayerNeeds {
    /// The path of the layer.
    let path: String
    /// The full names and descriptions of its parameters.
    let parameters: [(name: String, description: ParameterDescription)]
    /// Channels and momentum, if the layer keeps running statistics.
    let statistics: (channels: Int, momentum: Float)?
  }

  /// Lays out the layers, given in order of execution.
  init(layers: [LayerNeeds], options: PlanOptions) {
    var cursor = Cursor()
    let layers = Array(layers.reversed())
    let trained = layers.flatMap { cursor.parameters(of: $0) { !options.frozen.contains($0) } }
    parameterEnd = cursor.end
    let updated = layers.compactMap { cursor.statistics(of: $0) { !options.frozenStatistics.contains($0) } }
    metrics = cursor.take(Metric.allCases.count)
    digests = cursor.take(2 * options.microBatches * Self.digestWidth)
    let exchanged = cursor.end
    exchangedCount = exchanged
    parameters =
      trained + layers.flatMap { cursor.parameters(of: $0, isTrainable: false) { options.frozen.contains($0) } }
    statistics =
      updated
      + layers.compactMap { cursor.statistics(of: $0, isUpdated: false) { options.frozenStatistics.contains($0) } }
    count = cursor.end
    buckets = stride(from: 0, to: exchanged, by: options.bucketElements).map {
      $0..<min($0 + options.bucketElements, exchanged)
    }
  }

  /// Hands out ranges of a flat buffer, one after the other.
  private struct Cursor {
    var end = 0

    mutating func take(_ count: Int) -> Range<Int> {
      let start = end
      end = (start + count + FlatLayout.alignment - 1) / FlatLayout.alignment * FlatLayout.alignment
      return start..<start + count
    }

    /// Places those parameters of a layer whose name is wanted.
    mutating func parameters(
      of layer: LayerNeeds, isTrainable: Bool = true, where isWanted: (String) -> Bool
    ) -> [Parameter] {
      layer.parameters.filter { isWanted($0.name) }.map { name, description in
        Parameter(name: name, description: description, range: take(description.count), isTrainable: isTrainable)
      }
    }

    /// Places the statistics of a layer, if it keeps some and its path is wanted.
    mutating func statistics(
      of layer: LayerNeeds, isUpdated: Bool = true, where isWanted: (String) -> Bool
    ) -> Statistics? {
      guard let (channels, momentum) = layer.statistics, isWanted(layer.path) else { return nil }
      return Statistics(
        path: layer.path, mean: take(channels), variance: take(channels), momentum: momentum, isUpdated: isUpdated)
    }
  }
}
