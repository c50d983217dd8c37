package import Network

/// Where everything lies in the flat buffers. Parameters, gradients and momenta share this one layout:
///
///     parameters, last layer first | running statistics | metrics | digests
///
/// What follows the parameters is the trailer: it travels behind the gradients in the last buckets, so a step needs no
/// further collective. In the gradient buffer the statistics part holds the micro-batch's mean and variance, in the
/// parameter buffer the running ones.
package struct FlatLayout: Hashable, Sendable {
  /// Buckets and segments are cut at multiples of this many numbers, one KiB; the gradient's digest is made of the
  /// digests of such blocks.
  package static let block = 256
  /// Each tensor starts at a multiple of this many numbers (64 bytes).
  package static let alignment = 16
  /// Numbers that one digest takes: 64 bits as four 16-bit integers, which a sum with zeros leaves exact.
  package static let digestWidth = 4

  /// One trainable tensor.
  package struct Parameter: Hashable, Sendable {
    /// The full name: path and name within the layer, "layer1.0.conv1.weight".
    package let name: String
    /// Shape, arrangement and initial values.
    package let description: ParameterDescription
    /// Its place in a flat buffer.
    package var range: Range<Int>
  }

  /// The running mean and variance of one layer.
  package struct Statistics: Hashable, Sendable {
    /// The path of the layer.
    package let path: String
    /// The place of the means, one per channel.
    package let mean: Range<Int>
    /// The place of the variances, one per channel.
    package let variance: Range<Int>
    /// The weight of the newest step.
    package let momentum: Float
  }

  /// Parameters in order of execution, last layer first.
  package var parameters: [Parameter]
  /// Statistics in order of execution, last layer first.
  package let statistics: [Statistics]
  /// The end of the parameters and the beginning of the trailer.
  package let parameterEnd: Int
  /// Where the metrics lie; see `Metric`.
  package let metrics: Range<Int>
  /// Where the micro-batches' digests lie, two of `digestWidth` numbers for each.
  package let digests: Range<Int>
  /// The size of a flat buffer in numbers.
  package let count: Int
  /// The buckets: contiguous, in the order in which the backward pass completes them.
  package var buckets: [Range<Int>]

  /// The parameter of the given identity.
  package subscript(_ id: ParameterID) -> Parameter { parameters[id.index] }

  /// The statistics of the given identity.
  package subscript(_ id: StatisticsID) -> Statistics { statistics[id.index] }

  /// The number of trainable numbers, without the gaps between tensors.
  package var parameterCount: Int { parameters.reduce(0) { $0 + $1.range.count } }

  /// The place of a metric.
  package func index(of metric: Metric) -> Int { metrics.lowerBound + metric.rawValue }

  /// The places of the digest of one micro-batch's contribution: its samples and its gradient.
  package func digest(of microBatch: Int) -> Range<Int> { digest(number: 2 * microBatch) }

  /// The places of the digest of one micro-batch's samples alone.
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
    var parameters: [Parameter] = []
    for layer in layers.reversed() {
      for (name, description) in layer.parameters {
        parameters.append(Parameter(name: name, description: description, range: cursor.take(description.count)))
      }
    }
    self.parameters = parameters
    self.parameterEnd = cursor.end
    var statistics: [Statistics] = []
    for layer in layers.reversed() {
      guard let (channels, momentum) = layer.statistics else { continue }
      statistics.append(
        Statistics(
          path: layer.path, mean: cursor.take(channels), variance: cursor.take(channels), momentum: momentum))
    }
    self.statistics = statistics
    self.metrics = cursor.take(Metric.allCases.count)
    self.digests = cursor.take(2 * options.microBatches * Self.digestWidth)
    let count = cursor.end
    self.count = count
    self.buckets = stride(from: 0, to: count, by: options.bucketElements).map {
      $0..<min($0 + options.bucketElements, count)
    }
  }

  private struct Cursor {
    var end = 0

    mutating func take(_ count: Int) -> Range<Int> {
      let start = end
      end = (start + count + FlatLayout.alignment - 1) / FlatLayout.alignment * FlatLayout.alignment
      return start..<start + count
    }
  }
}
