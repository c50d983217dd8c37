import Network
import Operators
import Planner
import TestSupport

/// A plan of `network`; small buckets, so that there are several.
func plan(
  _ network: NetworkDescription, batch: Int = 4, bucket: Int = 256, reuse: Bool = true, imageGradient: Bool = false,
  recompute: RecomputeChoice = .none, loss: Loss = .crossEntropy(CrossEntropyLoss())
) throws -> StepPlan {
  var options = PlanOptions(microBatch: batch, microBatches: 3, bucketElements: bucket)
  options.reusesMemory = reuse
  options.imageGradient = imageGradient
  options.recompute = recompute
  options.loss = loss
  return try Planner.plan(network, options: options)
}

/// Layers that between them need every kind of memory: statistics, scratch, masks, indices, branches.
let mixedNetwork = NetworkDescription(
  name: "mixed", input: Shape(channels: 3, height: 8, width: 8),
  layers: [
    .layer(.convolution(ConvolutionLayer(16, kernel: 3, padding: 1)), name: "first"),
    .layer(.batchNormalization(BatchNormalizationLayer()), name: "norm"),
    .branches(
      .add,
      [
        .layer(.convolution(ConvolutionLayer(16, kernel: 3, padding: 1)), name: "body"),
        .layer(.identity(IdentityLayer()), name: "short"),
      ], name: "block"),
    .layer(.maxPooling(MaxPoolingLayer(2)), name: "pool"), .layer(.dropout(DropoutLayer(0.5)), name: "drop"),
    .layer(.flatten(FlattenLayer()), name: "flatten"), .layer(.dense(DenseLayer(10)), name: "head"),
  ])
