package import Collectives
package import Kernels
package import Planner

/// Updates the segments of the flat buffer that this rank owns: weights by the rule of the plan, running statistics by
/// their moving average; metrics and digests are passed on as they are. Only the owner of a segment holds its states
/// (Rajbhandari et al., "ZeRO", SC 2020, stage 1).
///
/// Where the plan needs norms over the whole gradient, `update` keeps the reduced gradient and `complete` changes the
/// weights: norms are sums over blocks of the flat buffer, made by their owners and added in the order of the layout,
/// so that they do not depend on who owns what.
@safe
package final class FlatOptimizer: SegmentUpdate {
  /// What is done to a stretch of the flat buffer.
  private enum Region {
    /// A parameter, by its index in the layout.
    case parameter(Int)
    case average(momentum: Float)
    case copy
  }

  /// A part of one parameter within one block: the unit of norms.
  private struct NormPart {
    let range: Range<Int>
    let parameter: Int
  }

  private let plan: UpdatePlan
  private let regions: [(range: Range<Int>, region: Region)]
  private let parameters: UnsafeMutablePointer<Float>
  private let microBatches: Int
  private let owned: OwnedSegments
  /// The states of the owned segments: for each state all segments, one behind the other; then, if the plan waits for
  /// the whole gradient, the gradient in the same order.
  private var undoMemory: OwnedMemory?
  private let memory: OwnedMemory
  private let normParts: [NormPart]
  /// The indices of the parts that this rank owns.
  private let ownNormParts: [Int]
  /// The rule, if it needs norms of its own.
  private let layerwise: (any LayerwiseRule)?
  package let waitsForWholeGradient: Bool
  private let averageState: Int?
  private let slowState: Int?
  private var step = StepScalars(age: 0, rate: 0)
  /// The ratio of each parameter in this step.
  private var trust: [Double]

  /// The optimizer of one rank.
  ///
  /// - Parameters:
  ///   - plan: what the update is made of.
  ///   - layout: what lies where in the flat buffer.
  ///   - owned: the segments that the rank updates.
  ///   - microBatches: the micro-batches of a step, whose statistics are averaged.
  ///   - parameters: the flat parameter buffer; it outlives the optimizer.
  ///   - states: the plan's states in its order, each a whole flat buffer.
  /// - Throws: `KernelError` if memory is short.
  package init(
    _ plan: UpdatePlan, layout: FlatLayout, owned: OwnedSegments, microBatches: Int,
    parameters: UnsafeMutablePointer<Float>, states: [[Float]]
  ) throws(KernelError) {
    precondition(states.count == plan.states.count, "the plan has \(plan.states.count) states, not \(states.count)")
    self.plan = plan
    self.microBatches = microBatches
    self.owned = owned
    unsafe self.parameters = parameters
    regions = Self.regions(layout)
    memory = try OwnedMemory(count: owned.count, buffers: plan.ownedBuffers)
    // Asked once: to find out what a rule conforms to takes longer than to update a small tensor.
    layerwise = plan.rule as? any LayerwiseRule
    waitsForWholeGradient = plan.waitsForWholeGradient
    let normParts = layerwise == nil ? [] : Self.normParts(layout, plan)
    self.normParts = normParts
    ownNormParts = normParts.indices.filter { owned.contains(normParts[$0].range.lowerBound) }
    averageState = plan.index(of: UpdatePlan.average)
    slowState = plan.index(of: UpdatePlan.slow)
    trust = Array(repeating: 1, count: layout.trainedParameters.count)
    for (index, state) in states.enumerated() { memory.store(state, in: index, owned) }
  }

  private static func regions(_ layout: FlatLayout) -> [(Range<Int>, Region)] {
    let weights = layout.trainedParameters.enumerated().map { ($1.range, Region.parameter($0)) }
    let statistics = layout.updatedStatistics.flatMap { statistics -> [(Range<Int>, Region)] in
      [
        (statistics.mean, .average(momentum: statistics.momentum)),
        (statistics.variance, .average(momentum: statistics.momentum)),
      ]
    }
    return weights + statistics + [(layout.metrics, .copy), (layout.digests, .copy)]
  }

  private static func normParts(_ layout: FlatLayout, _ plan: UpdatePlan) -> [NormPart] {
    layout.trainedParameters.enumerated().filter { plan.settings[$0.offset].isAdapted }.flatMap { index, parameter in
      let blocks = parameter.range.lowerBound / FlatLayout.block...(parameter.range.upperBound - 1) / FlatLayout.block
      return blocks.map { block in
        let range = block * FlatLayout.block..<(block + 1) * FlatLayout.block
        return NormPart(range: range.clamped(to: parameter.range), parameter: index)
      }
    }
  }

  /// Sets what holds for the step that begins.
  package func begin(_ scalars: StepScalars) {
    step = scalars
    undoMemory.map(keep)
  }

  /// From the next step on keeps what the step changes, so that it can be taken back.
  ///
  /// - Throws: `KernelError` if memory is short.
  package func keepsUndo() throws(KernelError) {
    undoMemory = try OwnedMemory(count: owned.count, buffers: plan.undoBuffers)
  }

  private func keep(in undo: OwnedMemory) {
    for (range, place) in owned.pieces {
      unsafe undo.address(0, place).update(from: parameters + range.lowerBound, count: range.count)
    }
    for state in plan.states.indices {
      unsafe undo.address(1 + state, 0).update(from: memory.address(state, 0), count: owned.count)
    }
  }

  /// Takes the last step back: parameters and states that this rank owns are those before it.
  package func takeBack() {
    guard let undo = undoMemory else { preconditionFailure("nothing was kept of the step") }
    for (range, place) in owned.pieces {
      unsafe (parameters + range.lowerBound).update(from: undo.address(0, place), count: range.count)
    }
    for state in plan.states.indices {
      unsafe memory.address(state, 0).update(from: undo.address(1 + state, 0), count: owned.count)
    }
  }

  /// The parameters of the owned segments, one behind the other.
  package var ownedParameters: [Float] {
    var values: [Float] = []
    values.reserveCapacity(owned.count)
    for (range, _) in owned.pieces {
      unsafe values.append(contentsOf: UnsafeBufferPointer(start: parameters + range.lowerBound, count: range.count))
    }
    return values
  }

  package func update(range: Range<Int>, gradient: UnsafeMutablePointer<Float>) {
    guard waitsForWholeGradient else { return unsafe apply(to: range, gradient: gradient) }
    unsafe kept(range.lowerBound).update(from: gradient, count: range.count)
  }

  // Two sums for each part: of the squared weights and of the squared direction.
  package var gatherPositions: [Int] { normParts.flatMap { [$0.range.lowerBound, $0.range.lowerBound] } }

  package func complete(squares: Double, gather: ListGather) throws(CommunicationError) {
    clipGradient(norm: squares.squareRoot())
    if let rule = layerwise {
      forEachOwnedParameter { rule.direct($0, scalars(of: $1)) }
      var sums = ownSquares()
      try gather(&sums)
      setTrust(sums, rule)
    }
    for (range, _) in owned.pieces { unsafe apply(to: range, gradient: kept(range.lowerBound)) }
  }

  private func clipGradient(norm: Double) {
    switch plan.clipping {
    case .norm(let limit):
      let factor = Float(limit.factor(norm: norm))
      if factor != 1 { forEachOwnedParameter { piece, _ in Optimizer.scaleGradient(piece, by: factor) } }
    case .value(let limit):
      forEachOwnedParameter { piece, _ in Optimizer.clampGradient(piece, to: Float(limit.maximum)) }
    case nil: break
    }
  }

  /// The sums of squares of the parts that this rank owns, zero elsewhere.
  private func ownSquares() -> [Double] {
    var sums = [Double](repeating: 0, count: 2 * normParts.count)
    for index in ownNormParts {
      let range = normParts[index].range
      let piece = unsafe piece(range, gradient: kept(range.lowerBound))
      sums[2 * index] = piece.withWeights { Statistics.sumOfSquares(x: $0) }
      sums[2 * index + 1] = piece.withGradient { Statistics.sumOfSquares(x: $0) }
    }
    return sums
  }

  /// The ratio of each parameter, its parts being added in the order of the layout.
  private func setTrust(_ sums: [Double], _ rule: any LayerwiseRule) {
    var squares = [(weights: Double, direction: Double)](repeating: (0, 0), count: trust.count)
    for (index, part) in normParts.enumerated() {
      squares[part.parameter].weights += sums[2 * index]
      squares[part.parameter].direction += sums[2 * index + 1]
    }
    for parameter in trust.indices where plan.settings[parameter].isAdapted {
      trust[parameter] = rule.trustRatio(
        weights: squares[parameter].weights.squareRoot(), direction: squares[parameter].direction.squareRoot(),
        decay: plan.settings[parameter].decay)
    }
  }

  private func forEachOwnedParameter(_ body: (UpdatePiece, _ parameter: Int) -> Void) {
    for (range, _) in owned.pieces {
      forEachRegion(in: range) { part, region in
        guard case .parameter(let index) = region else { return }
        unsafe body(piece(part, gradient: kept(part.lowerBound)), index)
      }
    }
  }

  /// Updates all that a range of the flat buffer holds.
  private func apply(to range: Range<Int>, gradient: UnsafeMutablePointer<Float>) {
    forEachRegion(in: range) { part, region in
      let sum = unsafe gradient + (part.lowerBound - range.lowerBound)
      switch region {
      case .parameter(let index): unsafe updateWeights(piece(part, gradient: sum), index)
      case .average(let momentum): unsafe updateStatistics(part, sum, momentum: momentum)
      case .copy: unsafe (parameters + part.lowerBound).update(from: sum, count: part.count)
      }
    }
  }

  private func updateWeights(_ piece: UpdatePiece, _ parameter: Int) {
    // Where all of the gradient is waited for, it is clipped already.
    if !waitsForWholeGradient, case .value(let limit) = plan.clipping {
      Optimizer.clampGradient(piece, to: Float(limit.maximum))
    }
    plan.rule.update(piece, scalars(of: parameter))
    if let slow = slowState, let lookahead = plan.lookahead, lookahead.isDue(age: step.age) {
      Optimizer.averageWeights(piece, part: Float(lookahead.rate), state: slow)
      Optimizer.takeWeights(piece, fromState: slow)
    }
    if let average = averageState, let averaging = plan.averaging {
      Optimizer.averageWeights(piece, part: Float(averaging.part(age: step.age)), state: average)
    }
  }

  private func updateStatistics(_ range: Range<Int>, _ sum: UnsafeMutablePointer<Float>, momentum: Float) {
    let observation = unsafe UnsafeBufferPointer(start: sum, count: range.count)
    let target = unsafe UnsafeMutableBufferPointer(start: parameters + range.lowerBound, count: range.count)
    var average = unsafe target.mutableSpan
    unsafe Optimizer.exponentialAverage(
      rate: momentum, observation: observation.span, scale: 1 / Float(microBatches), average: &average)
  }

  private func scalars(of parameter: Int) -> UpdateScalars {
    UpdateScalars(step, settings: plan.settings[parameter], trust: trust[parameter])
  }

  private func piece(_ range: Range<Int>, gradient: UnsafeMutablePointer<Float>) -> UpdatePiece {
    unsafe UpdatePiece(
      count: range.count, gradient: gradient, weights: parameters + range.lowerBound,
      states: memory.address(0, owned.place(of: range.lowerBound)), stride: owned.count)
  }

  /// Where the reduced gradient is kept from a position of the flat buffer on.
  private func kept(_ position: Int) -> UnsafeMutablePointer<Float> {
    unsafe memory.address(plan.states.count, owned.place(of: position))
  }

  // The regions are in the order of the layout: start at the first that reaches into the range.
  private func forEachRegion(in range: Range<Int>, _ body: (Range<Int>, Region) -> Void) {
    var index = firstRegion(reaching: range.lowerBound)
    while index < regions.count, regions[index].range.lowerBound < range.upperBound {
      body(regions[index].range.clamped(to: range), regions[index].region)
      index += 1
    }
  }

  private func firstRegion(reaching position: Int) -> Int {
    var low = 0
    var high = regions.count
    while low < high {
      let middle = (low + high) / 2
      if regions[middle].range.upperBound <= position { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// One state of the owned segments, one behind the other.
  package func ownedState(_ index: Int) -> [Float] { memory.values(of: index) }
}

/// The memory that a rank keeps for the segments that it owns: some flat buffers of the owned length.
@safe
private final class OwnedMemory {
  private let buffer: AlignedBuffer
  private let count: Int

  init(count: Int, buffers: Int) throws(KernelError) {
    self.count = count
    buffer = try AlignedBuffer.zeros(count * buffers)
  }

  /// The address of an element of one of the buffers.
  func address(_ index: Int, _ offset: Int) -> UnsafeMutablePointer<Float> {
    unsafe buffer.unsafeBase + index * count + offset
  }

  /// A whole buffer.
  func values(of index: Int) -> [Float] {
    unsafe Array(UnsafeBufferPointer(start: address(index, 0), count: count))
  }

  /// Takes over the owned segments of a whole flat buffer.
  func store(_ flat: [Float], in index: Int, _ owned: OwnedSegments) {
    for (range, place) in owned.pieces {
      unsafe flat.withUnsafeBufferPointer { source in
        guard let base = source.baseAddress else { return }
        unsafe address(index, place).update(from: base + range.lowerBound, count: range.count)
      }
    }
  }
}
