package import Planner

/// All that a run carries from step to step, in the flat layout. Nothing in it depends on a rank.
package struct TrainingState: Equatable, Sendable {
  /// Steps that have been taken.
  package var step: Int
  /// The flat parameter buffer: parameters and running statistics.
  package var parameters: [Float]
  /// The momentum of each trained parameter at its place in the exchanged part of the layout; zeros elsewhere.
  package var momenta: [Float]

  /// The state before the first step.
  package init(initial layout: FlatLayout, seed: UInt64) {
    step = 0
    parameters = InitialParameters.values(layout, seed: seed)
    momenta = Array(repeating: 0, count: layout.exchangedCount)
  }

  /// A state with all its parts.
  package init(step: Int, parameters: [Float], momenta: [Float]) {
    self.step = step
    self.parameters = parameters
    self.momenta = momenta
  }

  /// The state as bytes, for the broadcast at the start of a run.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + 4 * (parameters.count + momenta.count))
    unsafe withUnsafeBytes(of: UInt64(step).littleEndian) { unsafe bytes.append(contentsOf: $0) }
    for numbers in [parameters, momenta] { unsafe numbers.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) } }
    return bytes
  }

  /// The state that `bytes` made bytes of.
  ///
  /// - Parameter count: the length of the flat parameter buffer.
  package init(bytes: [UInt8], count: Int) {
    let momenta = (bytes.count - 8) / 4 - count
    precondition((0...count).contains(momenta), "a state of \(bytes.count) bytes does not fit a layout of \(count)")
    step = bytes[..<8].reversed().reduce(0) { $0 << 8 | Int($1) }
    parameters = Self.numbers(in: bytes, at: 8, count: count)
    self.momenta = Self.numbers(in: bytes, at: 8 + 4 * count, count: momenta)
  }

  private static func numbers(in bytes: [UInt8], at offset: Int, count: Int) -> [Float] {
    unsafe [Float](unsafeUninitializedCapacity: count) { target, initialized in
      unsafe bytes.withUnsafeBytes { source in
        unsafe UnsafeMutableRawBufferPointer(target).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: source[offset..<offset + 4 * count]))
      }
      initialized = count
    }
  }
}
