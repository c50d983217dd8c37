import Checkpoints
import Interchange
import Network
import Operators
import Optimizers
import Planner
import Randomness
import Testing

/// The state of a run as bytes and as tensors by name.
@Suite struct StateTests {
  /// The layout of a small network with weights, biases and running statistics.
  private static func layout() throws -> FlatLayout {
    let network = NetworkDescription(
      name: "small", input: Shape(channels: 1, height: 8, width: 8),
      layers: [
        .layer(.convolution(ConvolutionLayer(6, kernel: 3, stride: 2, padding: 1)), name: "stem"),
        .layer(.batchNormalization(BatchNormalizationLayer()), name: "norm"), .layer(.activation(.relu)),
        .layer(.flatten(FlattenLayer())), .layer(.dense(DenseLayer(10)), name: "fc"),
      ])
    return try Planner.plan(network, options: PlanOptions(microBatch: 2, microBatches: 1)).layout
  }

  /// Random numbers everywhere, some of them not finite.
  private func state(_ layout: FlatLayout, step: Int) -> TrainingState {
    var random = RandomStream(seed: 1, purpose: .testing)
    var numbers = (0..<3 * layout.count).map { _ in Float(random.normal()) }
    numbers[0] = -.infinity
    numbers[1] = -0.0
    return TrainingState(
      step: step, statesSince: step / 2, parameters: Array(numbers[..<layout.count]),
      states: [1, 2].map { Array(numbers[$0 * layout.count..<($0 + 1) * layout.count]) })
  }

  @Test(arguments: [0, 1, 255, 256, 1 << 40])
  func `bytes make a round trip`(step: Int) throws {
    let layout = try Self.layout()
    let state = state(layout, step: step)
    let back = TrainingState(bytes: state.bytes, count: layout.count)
    #expect(back == state)
    #expect(back.bytes == state.bytes)
  }

  @Test func `tensors make a round trip`() throws {
    let layout = try Self.layout()
    let state = state(layout, step: 12)
    let updates = UpdatePlan(AdamW(), layout: layout)
    let model = ModelTensors.model(state, layout: layout)
    let optimizer = ModelTensors.optimizer(state, updates: updates, layout: layout)
    let back = try ModelTensors.state(
      model: model.reversed(), optimizer: optimizer.reversed(), step: 12, saved: saved(AdamW()), updates: updates,
      layout: layout)
    #expect(back.statesSince == 6)
    let statistics = layout.statistics.flatMap { [$0.mean, $0.variance] }
    for range in layout.parameters.map(\.range) + statistics {
      #expect(back.parameters[range].map(\.bitPattern) == state.parameters[range].map(\.bitPattern))
    }
    for range in layout.parameters.map(\.range) {
      for (back, state) in zip(back.states, state.states) {
        #expect(back[range].map(\.bitPattern) == state[range].map(\.bitPattern))
      }
    }
  }

  @Test func `each missing or misshapen tensor is named`() throws {
    let layout = try Self.layout()
    let state = state(layout, step: 1)
    let updates = UpdatePlan(AdamW(), layout: layout)
    let model = ModelTensors.model(state, layout: layout)
    let optimizer = ModelTensors.optimizer(state, updates: updates, layout: layout)
    for tensor in (model + optimizer) where !tensor.name.hasSuffix("num_batches_tracked") {
      var flattened = tensor
      flattened.shape = [1] + tensor.shape
      for replacement in [[], [flattened]] {
        let replace = { (list: [NamedTensor]) in list.flatMap { $0.name == tensor.name ? replacement : [$0] } }
        do {
          _ = try ModelTensors.state(
            model: replace(model), optimizer: replace(optimizer), step: 1, saved: saved(AdamW()), updates: updates,
            layout: layout)
          Issue.record("\(tensor.name) is not missed")
        } catch {
          #expect(error.description.contains("'\(tensor.name)'"))
        }
      }
    }
  }

  private func saved(_ rule: any UpdateRule, averaging: WeightAveraging? = nil) -> SavedUpdates {
    SavedUpdates(since: 6, rule: rule, averaging: averaging, lookahead: nil, groups: [])
  }

  @Test func `states that the checkpoint's optimizer did not keep start anew`() throws {
    let layout = try Self.layout()
    let state = state(layout, step: 12)
    let optimizer = ModelTensors.optimizer(state, updates: UpdatePlan(AdamW(), layout: layout), layout: layout)
    let model = ModelTensors.model(state, layout: layout)
    let updates = UpdatePlan(LAMB(), averaging: WeightAveraging(), layout: layout)
    let back = try ModelTensors.state(
      model: model, optimizer: optimizer, step: 12, saved: saved(AdamW()), updates: updates, layout: layout)
    #expect(back.statesSince == 12, "the moments of another rule are not those of this one")
    #expect(back.states[0].allSatisfy { $0 == 0 } && back.states[1].allSatisfy { $0 == 0 })
    #expect(back.states[2].map(\.bitPattern) == back.parameters.map(\.bitPattern))
    #expect(saved(AdamW()).notice(for: updates)?.contains("exp_avg, exp_avg_sq, ema") == true)
    #expect(saved(LAMB(), averaging: WeightAveraging()).notice(for: updates) == nil)
  }

  /// The names and shapes of a ResNet of basic blocks in torchvision.
  @Test func `resnet20 has torchvision's names`() throws {
    let network = try #require(Zoo.model("resnet20")).network
    let layout = try Planner.plan(network, options: PlanOptions(microBatch: 2, microBatches: 1)).layout
    let tensors = ModelTensors.model(
      TrainingState(initial: layout, seed: 1, updates: UpdatePlan(SGD(), layout: layout)), layout: layout)
    let found = tensors.map { "\($0.name) \($0.shape)" }.sorted()
    var names = norm("bn1", 16) + ["conv1.weight [16, 3, 3, 3]", "fc.weight [10, 64]", "fc.bias [10]"]
    for (stage, width) in [(1, 16), (2, 32), (3, 64)] {
      for block in 0..<3 {
        let inputs = block == 0 && stage > 1 ? width / 2 : width
        let path = "layer\(stage).\(block)"
        names += ["\(path).conv1.weight \([width, inputs, 3, 3])", "\(path).conv2.weight \([width, width, 3, 3])"]
        names += norm("\(path).bn1", width) + norm("\(path).bn2", width)
        guard inputs != width else { continue }
        names += ["\(path).downsample.0.weight \([width, inputs, 1, 1])"] + norm("\(path).downsample.1", width)
      }
    }
    #expect(found == names.sorted())
  }

  private func norm(_ path: String, _ width: Int) -> [String] {
    ["weight", "bias", "running_mean", "running_var"].map { "\(path).\($0) [\(width)]" }
      + ["\(path).num_batches_tracked []"]
  }
}
