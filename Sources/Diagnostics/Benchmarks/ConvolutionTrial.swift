import Kernels
package import Operators
import Randomness
import Reference
import Training

/// One pass of a convolution alone on random numbers: images and gradients of a normal distribution, weights as He et
/// al. draw them.
package struct ConvolutionTrial: ~Copyable {
  private let call: Call
  private let first: AlignedBuffer
  private let second: AlignedBuffer
  private var result: AlignedBuffer

  /// A pass over `batch` samples; the numbers are a pure function of the shape.
  ///
  /// - Throws: an error with the size if memory is short.
  package init(_ pass: ConvolutionPass, _ geometry: ConvolutionGeometry, batch: Int) throws {
    let call = Call(pass: pass, geometry: geometry, batch: batch)
    let he = (2 / Double(geometry.rowCount)).squareRoot()
    // Made before any is stored: a value that cannot be copied must not be half initialized when one throws.
    let first = try Self.normal(pass == .backwardData ? call.yCount : call.xCount, subject: 1)
    let second =
      try pass == .backwardWeights
      ? Self.normal(call.yCount, subject: 2) : Self.normal(geometry.weightCount, deviation: he, subject: 3)
    let result = try AlignedBuffer.zeros(call.resultCount)
    self.call = call
    self.first = first
    self.second = second
    self.result = result
  }

  private static func normal(_ count: Int, deviation: Double = 1, subject: UInt64) throws -> AlignedBuffer {
    var stream = RandomStream(seed: 1, purpose: .testing, subject: subject)
    var buffer = try AlignedBuffer.zeros(count)
    buffer.withMutableSpan { span in
      for index in span.indices { span[index] = Float(deviation * stream.normal()) }
    }
    return buffer
  }

  /// Arithmetic and traffic of one run that took so many seconds.
  func work(seconds: Double) -> MeasuredWork {
    MeasuredWork(
      seconds: seconds, flops: 2 * call.geometry.multiplyAdds * call.batch,
      bytes: 4 * (first.count + second.count + result.count)
    )
  }

  /// The median time of a run, in seconds.
  ///
  /// - Parameter total: how long to measure; there are at least three runs.
  mutating func seconds(_ algorithm: ConvolutionAlgorithm, for total: Double) throws -> Double {
    var scratch = try AlignedBuffer.zeros(algorithm.scratchCount(call.pass, call.geometry))
    run(algorithm, &scratch)
    var times: [Double] = []
    let began = ContinuousClock.now
    while times.count < 3 || began.secondsUntilNow < total {
      let started = ContinuousClock.now
      run(algorithm, &scratch)
      times.append(started.secondsUntilNow)
    }
    return times.sorted()[times.count / 2]
  }

  /// What the algorithm computes.
  package mutating func computed(_ algorithm: ConvolutionAlgorithm) throws -> [Float] {
    var scratch = try AlignedBuffer.zeros(algorithm.scratchCount(call.pass, call.geometry))
    // What is not written must not look right because an algorithm before has written it.
    result.withMutableSpan { Elementwise.fill(.nan, into: &$0) }
    run(algorithm, &scratch)
    return result.withSpan { span in span.indices.map { span[$0] } }
  }

  private mutating func run(_ algorithm: ConvolutionAlgorithm, _ scratch: inout AlignedBuffer) {
    let call = call
    first.withSpan { first in
      second.withSpan { second in
        result.withMutableSpan { result in
          scratch.withMutableSpan { scratch in
            call.run(algorithm, first, second, &result, &scratch)
          }
        }
      }
    }
  }

  /// The same as plain sums in double precision.
  package func exact() -> [Double] {
    let (a, b) = (Self.doubles(first), Self.doubles(second))
    let (geometry, batch) = (call.geometry, call.batch)
    var sums = [Double](repeating: 0, count: result.count)
    var span = sums.mutableSpan
    switch call.pass {
    case .forward:
      ReferenceConvolution.forward(geometry, samples: batch, x: a.span, weights: b.span, into: &span)
    case .backwardData:
      ReferenceConvolution.backwardData(geometry, samples: batch, dy: a.span, weights: b.span, into: &span)
    case .backwardWeights:
      ReferenceConvolution.backwardWeights(geometry, samples: batch, x: a.span, dy: b.span, into: &span)
    }
    return sums
  }

  private static func doubles(_ buffer: borrowing AlignedBuffer) -> [Double] {
    buffer.withSpan { span in span.indices.map { Double(span[$0]) } }
  }
}

/// A call of a pass of a convolution, but for its operands.
private struct Call {
  let pass: ConvolutionPass
  let geometry: ConvolutionGeometry
  let batch: Int

  var xCount: Int { batch * geometry.input.count }
  var yCount: Int { batch * geometry.output.count }

  var resultCount: Int {
    switch pass {
    case .forward: yCount
    case .backwardData: xCount
    case .backwardWeights: geometry.weightCount
    }
  }

  /// result = the pass of a and b, which are the operands in the order of the kernels.
  func run(
    _ algorithm: ConvolutionAlgorithm, _ a: Span<Float>, _ b: Span<Float>, _ result: inout MutableSpan<Float>,
    _ scratch: inout MutableSpan<Float>
  ) {
    var noNumbers: [Float] = []
    var none = noNumbers.mutableSpan
    switch pass {
    case .forward:
      Convolution.forward(
        geometry, algorithm, batch: batch, x: a, weights: b, bias: none.span, y: &result, scratch: &scratch)
    case .backwardData:
      Convolution.backwardData(
        geometry, algorithm, batch: batch, dy: a, weights: b, dx: &result, scratch: &scratch)
    case .backwardWeights:
      Convolution.backwardWeights(
        geometry, algorithm, batch: batch, x: a, dy: b, dWeights: &result, dBias: &none, scratch: &scratch)
    }
  }
}
