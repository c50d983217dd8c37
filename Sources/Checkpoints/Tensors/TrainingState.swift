package import Optimizers
package import Planner

/// All that a run carries from step to step, in the flat layout. Nothing in it depends on a rank.
package struct TrainingState: Equatable, Sendable {
  /// Steps that have been taken.
  package var step: Int
  /// The step before which the optimizer's states were started; 0 unless a run went on with another optimizer.
  package var statesSince: Int
  /// What the schedule keeps of the evaluations so far.
  package var schedule = ScheduleState()
  /// The flat parameter buffer: parameters and running statistics.
  package var parameters: [Float]
  /// The optimizer's states in the order of its plan, each with the value of each trained parameter at its place
  /// in the exchanged part of the layout.
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
        $0.startsAsWeights ? Array(parameters.prefix(updates.count)) : Array(repeating: 0, count: updates.count)
      })
  }

  /// A state with all its parts.
  package init(step: Int, statesSince: Int, parameters: [Float], states: [[Float]]) {
    self.step = step
    self.statesSince = statesSince
    self.parameters = parameters
    self.states = states
  }

  /// The parameters with the averaged weights in the place of the trained ones, running statistics as they are; nil
  /// without an average.
  package func averagedParameters(_ updates: UpdatePlan, layout: FlatLayout) -> [Float]? {
    updates.averageIndex.map {
      var averaged = parameters
      averaged.replaceSubrange(0..<layout.parameterEnd, with: states[$0][0..<layout.parameterEnd])
      return averaged
    }
  }

  /// The state as bytes, for the broadcast at the start of a run.
  package var bytes: [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(Self.headerBytes + 4 * (parameters.count + states.reduce(0) { $0 + $1.count }))
    for word in [step, statesSince, states.count].map(UInt64.init) + schedule.words {
      unsafe withUnsafeBytes(of: word.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }
    for values in [parameters] + states { unsafe values.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) } }
    return bytes
  }

  private static let headerBytes = 8 * (3 + ScheduleState.wordCount)

  /// The state that `bytes` made bytes of.
  ///
  /// - Parameter count: the length of the flat parameter buffer.
  package init(bytes: [UInt8], count: Int) {
    step = Self.number(in: bytes[..<8])
    statesSince = Self.number(in: bytes[8..<16])
    let buffers = Self.number(in: bytes[16..<24])
    schedule = ScheduleState(
      words: (3..<3 + ScheduleState.wordCount).map { Self.word(in: bytes[8 * $0..<8 * $0 + 8]) })
    let start = Self.headerBytes + 4 * count
    let length = buffers == 0 ? 0 : (bytes.count - start) / (4 * buffers)
    precondition(
      bytes.count == start + 4 * length * buffers, "a state of \(bytes.count) bytes does not fit a layout of \(count)")
    parameters = Self.values(in: bytes, at: Self.headerBytes, count: count)
    states = (0..<buffers).map { Self.values(in: bytes, at: start + 4 * length * $0, count: length) }
  }

  private static func number(in bytes: ArraySlice<UInt8>) -> Int { Int(word(in: bytes)) }

  private static func word(in bytes: ArraySlice<UInt8>) -> UInt64 {
    bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

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
