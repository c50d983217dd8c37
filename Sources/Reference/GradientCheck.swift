import Dispatch
package import Network
package import Operators
import Planner
import Randomness
import Synchronization

/// What the gradient check found for one tensor.
package struct GradientCheckRow: Hashable, Sendable {
  /// The parameter's full name, or "images".
  package let name: String
  /// The shape as in files; for the images [samples, channels, height, width].
  package let shape: [Int]
  /// The derivative by the backward pass, in the comparison with the largest error.
  package let analytic: Double
  /// The derivative by finite differences, in the same comparison.
  package let numeric: Double
  /// |analytic − numeric| / max(|analytic| + |numeric|, floor); see `DifferenceQuotient.floor`.
  package let relativeError: Double
  /// How many single entries were compared, beside one random direction through all entries.
  package let entriesChecked: Int
}

/// Compares the backward pass with central finite differences in double precision: for every parameter and for the
/// images, the derivative in one random direction, at the entry with the largest gradient, and at two random entries.
///
/// The differences are taken of the smooth piece on which the network stands: ReLUs, max-pool windows, hinges and all
/// other kinked functions keep the choice of the unperturbed run. Near that point the piece and the network are the
/// same function, so its derivative is the network's, and no kink that happens to lie within the step counts as an
/// error. Dropout masks are fixed. Scales, shifts and other constants start with noise on them, so that no term hides
/// behind a one or a zero.
package struct GradientCheck: Sendable {
  /// What a relative error should stay below. Differences in double precision reach 1e-7 and better (see
  /// `DifferenceQuotient`); a wrong term or factor in a backward pass gives 1e-3 and more.
  package static let tolerance = 1e-6

  private let plan: StepPlan
  private let input: Shape
  private let seed: UInt64

  /// A check of `network` and the loss of its output on `batch` random images with random labels and targets.
  ///
  /// - Throws: `NetworkError` if a layer or a loss does not fit its input.
  package init(
    network: NetworkDescription, loss: Loss = .crossEntropy(CrossEntropyLoss()), batch: Int, seed: UInt64
  ) throws(NetworkError) {
    var options = PlanOptions(microBatch: batch, microBatches: 1)
    options.loss = loss
    options.imageGradient = true
    // The smooth pieces are those of the ReLUs' own instructions.
    options.fuses = false
    self.plan = try Planner.plan(network, options: options)
    self.input = network.input
    self.seed = seed
  }

  /// Checks every tensor, two at a time; the result does not depend on threads.
  ///
  /// - Parameter progress: is called for each tensor in order of execution, as soon as it is known.
  package func run(progress: (GradientCheckRow) -> Void) -> [GradientCheckRow] {
    let origin = unperturbedRun()
    let subjects = subjects
    var rows: [GradientCheckRow] = []
    while rows.count < subjects.count {
      let next = subjects[rows.count..<min(rows.count + 2, subjects.count)]
      let found = Mutex<[Int: GradientCheckRow]>([:])
      DispatchQueue.concurrentPerform(iterations: next.count) { offset in
        let index = next.startIndex + offset
        let row = row(of: subjects[index], origin: origin)
        found.withLock { $0[index] = row }
      }
      let finished = found.withLock { found in next.indices.compactMap { found[$0] } }
      finished.forEach(progress)
      rows += finished
    }
    return rows
  }
}

extension GradientCheck {
  /// A tensor to be checked.
  private struct Subject {
    let name: String
    let shape: [Int]
    let tensor: DifferenceQuotient.Tensor
    /// The first instruction that reads it.
    let firstUse: Int
  }

  private var subjects: [Subject] {
    var subjects = [
      Subject(
        name: "images", shape: [plan.training.batch, input.channels, input.height, input.width], tensor: .images,
        firstUse: 0)
    ]
    var seen: Set<ParameterID> = []
    for (index, instruction) in plan.training.instructions.enumerated() {
      for id in instruction.parameters where seen.insert(id).inserted {
        let parameter = plan.layout[id]
        subjects.append(
          Subject(
            name: parameter.name, shape: parameter.description.shape, tensor: .parameter(parameter.range),
            firstUse: index))
      }
    }
    return subjects
  }

  private func stream(_ subject: String) -> RandomStream {
    RandomStream(seed: seed, purpose: .gradientCheck, subject: StableHash.of(subject))
  }

  /// Forward and backward at the point at which the derivatives are compared.
  private func unperturbedRun() -> Execution {
    var execution = Execution(
      plan.training, layout: plan.layout, batch: microBatch(), parameters: parameters(),
      dropoutKey: DropoutKey(seed: seed, step: 0), globalBatch: plan.training.batch)
    for instruction in plan.training.instructions { execution.run(instruction) }
    return execution
  }

  /// The random micro-batch of the check, a function of the seed.
  package func microBatch() -> ReferenceBatch {
    let program = plan.training
    let (batch, classes) = (program.batch, classes)
    var (images, labels) = (stream("images of the batch"), stream("labels of the batch"))
    return ReferenceBatch(
      images: (0..<batch * input.count).map { _ in images.normal() },
      labels: (0..<batch * (program.labels?.count ?? 1)).map { _ in labels.integer(below: classes) },
      samples: (0..<UInt64(batch)).map { $0 }, valid: batch,
      targets: program.targets.map { target in
        var values = stream("\(target.name) of the batch")
        return (0..<batch * target.shape.count).map { _ in Double(values.uniform()) }
      })
  }

  /// As many classes as all losses know; two where losses only ask which samples are alike.
  private var classes: Int {
    let known = plan.training.instructions.compactMap { instruction -> Int? in
      guard case .loss(let term) = instruction.operation, term.loss.picksChannelByLabel else { return nil }
      return term.output.channels
    }
    return known.min() ?? 2
  }

  /// The random flat parameter buffer of the check, a function of the seed. Scales, shifts and other constants have
  /// noise on them.
  package func parameters() -> [Double] {
    var parameters = InitialParameters.values(plan.layout, seed: seed).map { Double($0) }
    for parameter in plan.layout.parameters {
      guard case .constant = parameter.description.initial else { continue }
      var noise = stream("noise on \(parameter.name)")
      for index in parameter.range { parameters[index] += 0.1 * noise.normal() }
    }
    return parameters
  }

  private func row(of subject: Subject, origin: Execution) -> GradientCheckRow {
    var quotient = DifferenceQuotient(of: subject.tensor, origin: origin, firstUse: subject.firstUse)
    var random = stream("directions for \(subject.name)")
    let gradient = quotient.gradient
    let entries = entries(gradient, &random)
    let direction = gradient.map { _ in random.normal() }
    var worst = quotient.comparison(along: direction)
    for entry in entries {
      var direction = [Double](repeating: 0, count: gradient.count)
      direction[entry] = 1
      let comparison = quotient.comparison(along: direction)
      if comparison.error > worst.error { worst = comparison }
    }
    return GradientCheckRow(
      name: subject.name, shape: subject.shape, analytic: worst.analytic, numeric: worst.numeric,
      relativeError: worst.error, entriesChecked: entries.count)
  }

  /// The entry with the largest gradient and two random others, as far as there are so many.
  private func entries(_ gradient: [Double], _ random: inout RandomStream) -> [Int] {
    var entries = [gradient.indices.max { abs(gradient[$0]) < abs(gradient[$1]) } ?? 0]
    while entries.count < min(3, gradient.count) {
      let entry = random.integer(below: gradient.count)
      if !entries.contains(entry) { entries.append(entry) }
    }
    return entries
  }
}
