import Foundation
import Kernels
import Operators
import Randomness
import Testing

/// All tests of this target.
@Suite enum KernelTests {}

/// The kernels as a run has them: the CPU's best loops and one OpenBLAS thread. Read it before the first kernel call.
let prepared: Bool = {
  do throws(KernelError) { try KernelSet.configure(.auto) } catch { return false }
  return true
}()

/// Seeded test data.
struct Dice {
  private var stream: RandomStream

  init(_ seed: UInt64) {
    stream = RandomStream(seed: seed, purpose: .testing)
  }

  /// An integer in `range`.
  mutating func integer(_ range: ClosedRange<Int>) -> Int {
    range.lowerBound + stream.integer(below: range.count)
  }

  /// `count` numbers of the standard normal distribution, moved by `mean`.
  mutating func floats(_ count: Int, mean: Double = 0) -> [Float] {
    (0..<count).map { _ in Float(mean + stream.normal()) }
  }

  /// `count` small integers, so that there are many ties.
  mutating func ties(_ count: Int) -> [Float] {
    (0..<count).map { _ in Float(integer(-2...2)) }
  }
}

/// The array that `body` writes; it starts as NaN, so that nothing left unwritten goes unseen.
func written(_ count: Int, _ body: (inout MutableSpan<Float>) -> Void) -> [Float] {
  var array = [Float](repeating: .nan, count: count)
  var span = array.mutableSpan
  body(&span)
  return array
}

/// As `written`, for an array that the kernel changes.
func changed(_ start: [Float], _ body: (inout MutableSpan<Float>) -> Void) -> [Float] {
  var array = start
  var span = array.mutableSpan
  body(&span)
  return array
}

/// The largest difference, relative to `scale` or to the largest element of `want`; infinite if anything is NaN.
func distance(_ got: [Float], _ want: [Double], scale: Double? = nil) -> Double {
  guard got.count == want.count else { return .infinity }
  let scale = max(scale ?? want.map(abs).max() ?? 0, 1e-30)
  var worst = 0.0
  for (a, b) in zip(got, want) {
    let difference = abs(Double(a) - b)
    guard difference.isFinite else { return .infinity }
    worst = max(worst, difference)
  }
  return worst / scale
}

/// As `distance`, between two results of kernels.
func distance(_ got: [Float], _ want: [Float]) -> Double {
  distance(got, want.map(Double.init))
}

/// ⟨a, b⟩ in double precision.
func product(_ a: [Float], _ b: [Float]) -> Double {
  zip(a, b).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

/// The bits of an array, to compare with no tolerance and with NaN equal to itself.
func bits(_ array: [Float]) -> [UInt32] { array.map(\.bitPattern) }

/// Single precision keeps 24 bits (6e-8); sums of up to some thousand random terms lose a few more, relative to the
/// largest element of the result.
let sumTolerance = 5e-6

/// Element-wise functions lose a few last bits.
let elementTolerance = 5e-7

extension Sequence where Element == Float {
  /// The same numbers in double precision.
  var doubles: [Double] { map(Double.init) }
}

/// The derivative of `loss` with respect to element `index` of `x`, by a central difference in double precision.
func derivative(_ x: [Double], _ index: Int, _ loss: ([Double]) -> Double) -> Double {
  let step = 1e-5
  var moved = x
  moved[index] = x[index] + step
  let above = loss(moved)
  moved[index] = x[index] - step
  return (above - loss(moved)) / (2 * step)
}

extension AlignedBuffer {
  /// A buffer that holds `array` from element `offset` on: the same numbers at another alignment.
  static func holding(_ array: [Float], at offset: Int = 0) throws -> AlignedBuffer {
    var buffer = try zeros(offset + array.count)
    buffer.withMutableSpan(offset..<offset + array.count) { span in
      for i in array.indices { span[i] = array[i] }
    }
    return buffer
  }

  /// The elements from `offset` on.
  func array(from offset: Int = 0) -> [Float] {
    withSpan(offset..<count) { span in span.indices.map { span[$0] } }
  }
}
