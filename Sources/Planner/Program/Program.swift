package import Operators

/// The straight list of instructions that a lane executes for one micro-batch, over one arena. A plain value: every
/// rank and lane runs the same one, and nothing is discovered while it runs.
package struct Program: Hashable, Sendable {
  /// Samples of a micro-batch.
  package var batch: Int
  /// What is done, in order.
  package var instructions: [Instruction]
  /// All slots, by their identity.
  package var slots: [Slot]
  /// The slot of the images. It lies outside the arena: the images stay where the loader put them.
  package var images: SlotID
  /// The slot of the logits.
  package var logits: SlotID
  /// The shape of one sample's logits.
  package var output: Shape
  /// The positions of a sample that have a label each: 1×1 for one label per sample; nil if labels are not read.
  package var labels: Extent?
  /// The number of classes: labels are below it. Nil if no loss takes labels for indices of its channels.
  package var classes: Int?
  /// The dense targets that the losses read beside the labels.
  package var targets: [TargetValues]
  /// The slot of the gradient with respect to the images, where that was asked for.
  package var imageGradient: SlotID?
  /// The arena's size in floats.
  package var arenaCount: Int

  /// The slot of the given name's value.
  package subscript(_ id: SlotID) -> Slot { slots[id.index] }
}

/// What a planner makes of a network: the training program, the evaluation program, and the layout they share.
package struct StepPlan: Hashable, Sendable {
  /// Where parameters, gradients and the trailer lie.
  package var layout: FlatLayout
  /// The program of a training micro-batch.
  package var training: Program
  /// The program of an evaluation micro-batch.
  package var evaluation: Program
  /// What the plan was made for.
  package var options: PlanOptions
}

/// What a plan depends on beside the network.
package struct PlanOptions: Hashable, Sendable {
  /// Samples of a micro-batch.
  package var microBatch: Int
  /// Micro-batches of a global batch.
  package var microBatches: Int
  /// Elements of what is exchanged in one bucket, a multiple of `FlatLayout.block`.
  package var bucketElements: Int
  /// The loss of the network's output.
  package var loss = Loss.crossEntropy(CrossEntropyLoss())
  /// Whether 3×3 convolutions may be computed by Winograd's algorithm.
  package var winograd = WinogradChoice.f4
  /// Whether to compute the gradient with respect to the images too.
  package var imageGradient = false
  /// Whether additions and ReLUs after a batch normalization are fused into it.
  package var fuses = true
  /// How much of the forward pass stays in memory for the backward pass; never changes the bits.
  package var recompute = RecomputeChoice.none
  /// The full names of the parameters that are not trained.
  package var frozen: Set<String> = []
  /// The paths of the batch normalizations that use their running statistics in training too, as they are.
  package var frozenStatistics: Set<String> = []
  /// Whether slots may share memory when their lives do not overlap.
  package var reusesMemory = true

  /// A plan for `microBatches` micro-batches of `microBatch` samples.
  package init(microBatch: Int, microBatches: Int, bucketElements: Int = 1 << 18) {
    self.microBatch = microBatch
    self.microBatches = microBatches
    self.bucketElements = bucketElements
  }

  /// Samples of a global batch.
  package var globalBatch: Int { microBatch * microBatches }
}
