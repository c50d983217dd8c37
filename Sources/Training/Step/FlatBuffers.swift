import Kernels
package import Planner

/// The flat buffers of a rank: the parameters and the gradients of the subtrees that its lanes are summing.
///
/// Shared by the lanes without a lock: parameters change only while no lane runs or after all lanes have completed the
/// bucket; a lane writes its own gradient slots, and the main thread touches a bucket of them only after the lane has
/// published its completion with release ordering (see `LaneProgress`).
@safe
package final class FlatBuffers: @unchecked Sendable {
  private let parameterBuffer: AlignedBuffer
  private let slotBuffers: [SlotBuffer]
  private let firstSlot: [Int]

  private final class SlotBuffer {
    let buffer: AlignedBuffer
    init(count: Int) throws(KernelError) { buffer = try AlignedBuffer.zeros(count) }
  }

  /// Zeroed buffers.
  ///
  /// - Throws: `RunError` with the size if memory is short.
  package init(layout: FlatLayout, slotsPerLane: [Int]) throws(RunError) {
    var slots: [SlotBuffer] = []
    do {
      parameterBuffer = try AlignedBuffer.zeros(layout.count)
      for _ in 0..<slotsPerLane.reduce(0, +) { slots.append(try SlotBuffer(count: layout.exchangedCount)) }
    } catch {
      throw RunError(.failed, "\(error)")
    }
    slotBuffers = slots
    firstSlot = slotsPerLane.indices.map { slotsPerLane[..<$0].reduce(0, +) }
  }

  /// The flat parameter buffer.
  package var parameters: UnsafeMutablePointer<Float> { unsafe parameterBuffer.unsafeBase }

  /// A flat gradient buffer of a lane.
  package func gradient(lane: Int, slot: Int) -> UnsafeMutablePointer<Float> {
    unsafe slotBuffers[firstSlot[lane] + slot].buffer.unsafeBase
  }

  /// Adds a range of one flat buffer to another.
  package static func accumulate(
    _ range: Range<Int>, from source: UnsafeMutablePointer<Float>, into destination: UnsafeMutablePointer<Float>
  ) {
    let x = unsafe UnsafeBufferPointer(start: source + range.lowerBound, count: range.count).span
    var sum = unsafe UnsafeMutableBufferPointer(start: destination + range.lowerBound, count: range.count).mutableSpan
    Elementwise.accumulate(x, into: &sum)
  }
}
