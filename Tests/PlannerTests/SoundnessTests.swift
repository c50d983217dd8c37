import Network
import Operators
import Planner
import Reference
import TestSupport
import Testing

/// Every plan keeps the memory rules.
struct SoundnessTests {
  private func check(
    _ network: NetworkDescription, batches: [Int], buckets: [Int], loss: Loss = .crossEntropy(CrossEntropyLoss())
  ) throws {
    for batch in batches {
      for bucket in buckets {
        for reuse in [true, false] {
          let plan = try plan(
            network, batch: batch, bucket: bucket, reuse: reuse, imageGradient: bucket == 256, loss: loss)
          #expect(Verifier.violations(of: plan) == [], "\(network.fileText)")
        }
      }
    }
  }

  @Test(.timeLimit(.minutes(4)), arguments: Zoo.models.map(\.name))
  func `the zoo's plans are sound`(name: String) throws {
    try check(#require(Zoo.model(name)).network, batches: [1, 16], buckets: [4_096, 1 << 18])
  }

  @Test(.timeLimit(.minutes(4)), arguments: UInt64(0)..<300)
  func `a random model's plans are sound, whatever its loss`(seed: UInt64) throws {
    let network = RandomModel.network(seed: seed)
    let loss = RandomModel.loss(for: try network.output(), seed: seed)
    try check(network, batches: [1, 5], buckets: [256, 1_024], loss: loss)
    try check(network, batches: [2], buckets: [1 << 20])
  }

  @Test(.timeLimit(.minutes(4)), arguments: RandomModel.kinds)
  func `plans of every kind of layer are sound`(kind: String) throws {
    for seed in UInt64(0)..<20 {
      try check(RandomModel.network(of: kind, seed: seed), batches: [3], buckets: [256])
    }
  }

  /// The path of an instruction, the parameters and the statistics that it uses: all are the layer's own.
  @Test(arguments: UInt64(0)..<300)
  func `an instruction uses what belongs to its layer, in both programs`(seed: UInt64) throws {
    let network = RandomModel.network(seed: seed)
    let plan = try plan(network)
    for instruction in plan.training.instructions + plan.evaluation.instructions {
      for parameter in instruction.parameters + instruction.writtenGradients {
        let name = plan.layout[parameter].name
        #expect(name.hasPrefix("\(instruction.path).") && !name.dropFirst(instruction.path.count + 1).contains("."))
      }
      if let statistics = instruction.statistics { #expect(plan.layout[statistics].path == instruction.path) }
    }
    let rows = try network.layerTable()
    #expect(Set(plan.layout.parameters.map(\.name)) == Set(rows.flatMap { $0.parameters.map(\.name) }))
    #expect(Set(plan.layout.statistics.map(\.path)) == Set(rows.filter(\.keepsStatistics).map(\.path)))
  }

  @Test(arguments: UInt64(0)..<50)
  func `the bucket size moves nothing but the ends of buckets`(seed: UInt64) throws {
    let network = RandomModel.network(seed: seed)
    let programs = try [256, 768, 1 << 20].map { try plan(network, bucket: $0) }
    let plain = programs.map { plan in
      plan.training.instructions.filter { if case .bucketComplete = $0.operation { false } else { true } }
    }
    #expect(plain[0] == plain[1] && plain[1] == plain[2])
    #expect(programs[0].evaluation == programs[2].evaluation)
    #expect(programs[0].layout.parameters == programs[2].layout.parameters)
    #expect(programs[2].layout.buckets.count == 1)
  }

  @Test(arguments: UInt64(0)..<50)
  func `sharing memory never takes more of it`(seed: UInt64) throws {
    let network = RandomModel.network(seed: seed)
    let (shared, plain) = (try plan(network), try plan(network, reuse: false))
    #expect(shared.training.arenaCount <= plain.training.arenaCount)
    #expect(shared.evaluation.arenaCount <= plain.evaluation.arenaCount)
    #expect(shared.training.instructions == plain.training.instructions)
  }

  @Test
  func `sharing memory pays`() throws {
    let network = try #require(Zoo.model("resnet20")).network
    let (shared, plain) = (try plan(network), try plan(network, reuse: false))
    #expect(2 * shared.training.arenaCount < plain.training.arenaCount)
    #expect(10 * shared.evaluation.arenaCount < plain.evaluation.arenaCount)
  }

  @Test(arguments: Zoo.models.map(\.name))
  func `no gradient goes to the images unless it is asked for`(name: String) throws {
    let network = try #require(Zoo.model(name)).network
    let plain = try plan(network)
    #expect(plain.training.imageGradient == nil)
    let readers = plain.training.instructions.filter { $0.reads.contains(plain.training.images) }
    let forward = try #require(readers.first { $0.pass == .forward })
    let backward = plain.training.instructions.filter { $0.path == forward.path && $0.pass == .backward }
    #expect(backward.allSatisfy { $0.writes.isEmpty })
    let asked = try plan(network, imageGradient: true)
    let slot = try #require(asked.training.imageGradient)
    #expect(asked.training[slot].count == asked.training[asked.training.images].count)
    #expect(asked.training.instructions.contains { $0.writes == [slot] })
    #expect(asked.evaluation.imageGradient == nil)
  }

  @Test(arguments: [Layer.identity(IdentityLayer()), .flatten(FlattenLayer()), .dropout(DropoutLayer(0.5))])
  func `a model that computes nothing is planned`(layer: Layer) throws {
    let plan = try plan(NetworkDescription(name: "m", input: Shape(features: 4), layers: [.layer(layer)]))
    #expect(Verifier.violations(of: plan) == [])
    #expect(plan.evaluation.logits != plan.evaluation.images)
  }

  @Test
  func `the listing has a line for each instruction`() throws {
    let plan = try plan(mixedNetwork)
    let lines = plan.training.listing(layout: plan.layout)
    #expect(lines.count == plan.training.instructions.count)
    #expect(lines[0].contains("conv direct") && lines[0].contains("first"))
    #expect(lines.last?.contains("complete") == true)
  }
}
