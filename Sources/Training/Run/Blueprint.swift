package import Configuration
package import Datasets
import Foundation
package import Network
import Operators
package import Optimizers
package import Planner
import StrictYAML

/// Everything about a run that does not depend on the rank: made from the configuration alone, before any work.
package struct Blueprint: Sendable {
  /// The effective configuration: with the model itself, fitted to the data, and the counts of built-in data.
  package let configuration: RunConfiguration
  /// The network, fitted to the data.
  package let network: NetworkDescription
  /// Training and test data.
  package private(set) var dataset: Dataset
  /// Where decoded images are kept; nil if they are not.
  package private(set) var cache: ImageCache?
  /// How pixels become numbers.
  package let normalization: Normalization
  /// The programs of a step and their layout.
  package let plan: StepPlan
  /// What becomes of a step's gradient.
  package let updates: UpdatePlan
  /// The stream of training samples.
  package let order: SampleOrder
  /// The number of steps of the whole run.
  package let steps: Int

  /// Opens the data, builds the network and plans the step.
  ///
  /// - Parameter trained: of a checkpoint that is used again, the data that its model was made for.
  /// - Throws: `RunError` with code `unusable`.
  package init(_ configuration: RunConfiguration, trained: TrainedData? = nil) throws(RunError) {
    self = try RunError.asUnusable {
      let dataset = try DatasetCatalog.open(configuration.data.request(seed: configuration.seed))
      try trained?.check(dataset)
      return try Blueprint(configuration, dataset: dataset)
    }
  }

  private init(_ configuration: RunConfiguration, dataset: Dataset) throws {
    try dataset.checkClasses()
    let shape = dataset.train.shape
    guard let normalization = configuration.data.normalize.normalization(channels: shape.channels) else {
      throw RunError(
        .unusable,
        "data.normalize has \(configuration.data.normalize.mean.count) channels, but the images have \(shape.channels)")
    }
    for augmentation in configuration.data.augment { try augmentation.check(for: shape) }
    try normalization.check(channels: shape.channels)
    let classes = dataset.train.classNames.count
    let network = try ModelLoader.network(configuration.model, input: shape, classes: classes)
    try self.init(configuration, network: network, dataset: dataset, normalization: normalization)
    try plan.checkStatistics()
    try plan.checkAnswers(classes: classes, network: network.name)
    try checkPlateau()
  }

  /// Plans the steps of a network, whether or not it can be trained on the data.
  ///
  /// - Throws: what the planner finds wrong with the network.
  package init(
    _ configuration: RunConfiguration, network: NetworkDescription, dataset: Dataset, normalization: Normalization
  ) throws {
    self.dataset = dataset
    self.normalization = normalization
    self.network = network
    self.configuration = configuration.resolved(network: network, dataset: dataset)
    let groups = ParameterGroups(configuration.train.groups)
    self.plan = try Planner.plan(network, options: groups.freezing(configuration.planOptions, of: network))
    self.updates = configuration.train.updates(plan.layout)
    self.order = SampleOrder(count: dataset.train.count, seed: configuration.seed)
    self.steps = configuration.train.stepCount(samples: dataset.train.count)
    let violations = Verifier.violations(of: plan)
    precondition(violations.isEmpty, "the planner broke its own rules: \(violations)")
  }

  /// The same run, with decoded images kept in `memory`.
  package func keepingImages(in memory: SharedMemory) -> Blueprint {
    var copy = self
    let (dataset, cache) = dataset.cached(in: memory)
    (copy.dataset, copy.cache) = (dataset, cache)
    return copy
  }

  /// Samples of the training data / samples of a global batch.
  package var stepsPerEpoch: Double { Double(dataset.train.count) / Double(configuration.train.globalBatch) }

  /// The learning rate of a step, and the momentum where the schedule cycles it.
  ///
  /// - Parameter state: what the schedule keeps of the evaluations before the step.
  package func scheduled(step: Int, state: ScheduleState) -> ScheduleValue {
    configuration.train.schedule.value(step: step, of: steps, stepsPerEpoch: stepsPerEpoch, state: state)
  }

  /// The learning rate of a step.
  package func rate(step: Int, state: ScheduleState = ScheduleState()) -> Double {
    scheduled(step: step, state: state).rate
  }

  /// The epochs that have been passed after `steps` steps.
  package func epochs(after steps: Int) -> Double {
    Double(steps) * Double(configuration.train.globalBatch) / Double(dataset.train.count)
  }

  /// Whether the ranks of a run can take a step back.
  package func keepsUndo(ranks: Int) -> Bool {
    StepUndo.buffers(plan, updates, ranks: ranks, order: configuration.exchange.order) > 0
  }

  /// Whether they give a step up when a stop comes.
  package func givesUpSteps(ranks: Int) -> Bool {
    StepUndo.isGivenUp(plan, updates, ranks: ranks, order: configuration.exchange.order)
  }

  /// The stream positions of one micro-batch of one step.
  package func positions(step: Int, microBatch: Int) -> Range<Int> {
    SampleOrder.positions(
      step: step, microBatch: microBatch, globalBatch: configuration.train.globalBatch,
      size: configuration.train.microBatch)
  }

  /// The number of micro-batches of the test data; the last may be partly empty.
  package var evaluationMicroBatches: Int {
    let size = configuration.train.microBatch
    return (dataset.test.count + size - 1) / size
  }

  /// The lanes of a rank.
  ///
  /// - Throws: `RunError` if ranks × lanes exceed the micro-batches.
  package func lanes(ranks: Int, cores: Int) throws(RunError) -> Int {
    let microBatches = configuration.train.microBatches
    let lanes: Int
    switch configuration.lanes {
    case .auto: lanes = max(1, min(cores, microBatches / ranks))
    case .fixed(let count): lanes = count
    }
    guard ranks * lanes <= microBatches else {
      throw RunError(
        .unusable,
        "\(ranks) ranks × \(lanes) lanes need \(ranks * lanes) micro-batches, but a global batch has \(microBatches) "
          + "(\(configuration.train.globalBatch) / \(configuration.train.microBatch)); use fewer ranks or lanes, a "
          + "larger train.global-batch or a smaller train.micro-batch")
    }
    return lanes
  }

  /// The loader of training or test images.
  package func loader(training: Bool) -> MicroBatchLoader {
    MicroBatchLoader(
      source: training ? dataset.train : dataset.test, order: training ? order : nil,
      augmentations: training ? configuration.data.augment : [], normalization: normalization,
      seed: configuration.seed)
  }
}

extension RunConfiguration {
  /// The same configuration with what it left to the program or to files written out, so that it alone tells what was
  /// trained.
  fileprivate func resolved(network: NetworkDescription, dataset: Dataset) -> RunConfiguration {
    var copy = self
    switch model {
    case .zoo(let name): copy.model = .inline(InlineModel(network, origin: name))
    case .file(let path): copy.model = .inline(InlineModel(network, origin: path))
    case .inline: break
    }
    if data.format == .digits {
      copy.data.trainCount = dataset.train.count
      copy.data.testCount = dataset.test.count
    }
    return copy
  }
}
