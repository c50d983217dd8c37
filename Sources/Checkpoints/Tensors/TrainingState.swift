package import Optimizers
package import Planner

/// All that a run carries from step to step, in the flat layout. Nothing in it depends on a rank.
package struct TrainingState: Equatable, Sendable {
  /// Steps that have been taken.
  package var step: Int
  /// The step before which the optimizer's states were started; 0 unless a run went on with another optimizer.
  package var statesSince: Int
  /// The flat parameter buffer: parameters and running statistics.
  package var parameters: [Float]
  /// The optimizer's states in the order of its plan, each with the value of each parameter at its place in the layout.
  package var states: [[Float]]

  /// The state before the first step.
  package init(initial layout: FlatLayout, seed: UInt64, updates: UpdatePlan) {
    self.init(step: 0, parameters: InitialParameters.values(layout, seed: seed), updates: updates)
  }

  /// The state at a step, with optimizer states as they start.
  package init(step: Int, parameters: [Float], updates: UpdatePlan) {
    self.init(
      step: step, statesSince: step, parameters: parameters,
      states: updates.states.map {
        $0.startsAsWeights ? parameters : Array(repeating: 0, count: parameters.count)
      })
  }

  /// A state with all its parts.
  package init(step: Int, statesSince: Int, parameters: [Float], states: [[Float]]) {
    self.step = step
    self.statesSince = statesSince
    self.parameters = parameters
    self.states = states
  }

  /// The state as bytes, for the broadcast at the start of a run.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(16 + 4 * parameters.count * (1 + states.count))
    for number in [step, statesSince] {
      unsafe withUnsafeBytes(of: UInt64(number).littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }
    for values in [parameters] + states { unsafe values.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) } }
    return bytes
  }

  /// The state that `bytes` made bytes of, each of its buffers of `count` floats.
  package init(bytes: [UInt8], count: Int) {
    let buffers = count == 0 ? 1 : (bytes.count - 16) / (4 * count)
    precondition(
      bytes.count == 16 + 4 * count * buffers && buffers > 0,
      "a state of \(bytes.count) bytes does not fit a layout of \(count)")
    step = Self.number(in: bytes[..<8])
    statesSince = Self.number(in: bytes[8..<16])
    parameters = Self.values(in: bytes, at: 16, count: count)
    states = (1..<buffers).map { Self.values(in: bytes, at: 16 + 4 * count * $0, count: count) }
  }

  private static func number(in bytes: ArraySlice<UInt8>) -> Int { bytes.reversed().reduce(0) { $0 << 8 | Int($1) } }

  private static func values(in bytes: [UInt8], at offset: Int, count: Int) -> [Float] {
    unsafe [Float](unsafeUninitializedCapacity: count) { target, initialized in
      unsafe bytes.withUnsafeBytes { source in
        unsafe UnsafeMutableRawBufferPointer(target).copyMemory(
          from: UnsafeRawBufferPointer(rebasing: source[offset..<offset + 4 * count]))
      }
      initialized = count
    }
  }
}
