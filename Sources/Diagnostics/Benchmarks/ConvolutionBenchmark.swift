import Kernels
package import Network
import Operators
import Planner
package import Training

/// `bench ops`: every convolution of some models alone, by each algorithm that can compute it.
package struct ConvolutionBenchmark: Sendable {
  /// How long to measure each algorithm of each pass.
  package var seconds = 0.2
  /// Whether to compare with sums in double precision, too.
  package var measuresErrors = false
  /// Whether to print JSON.
  package var isJSON = false

  /// A benchmark with the usual settings.
  package init() {}

  /// The models of the side-by-side comparison with PyTorch, and the micro-batch of each.
  package static let usualMicroBatches: [(name: String, microBatch: Int)] = [
    ("lenet5", 64), ("resnet20", 64), ("resnet18-cifar", 32), ("vgg11-cifar", 64),
    ("mobilenet-cifar", 32), ("vgg19", 4), ("resnet50", 8),
  ]

  /// The micro-batch of a model unless another is asked for.
  package static func microBatch(of model: String) -> Int {
    usualMicroBatches.first { $0.name == model }?.microBatch ?? 32
  }

  /// Measures and prints.
  ///
  /// - Parameter microBatch: samples of a micro-batch; nil for those of `microBatch(of:)`.
  /// - Throws: `RunError` if a layer does not fit its input or memory is short.
  package func run(_ networks: [NetworkDescription], microBatch: Int?) throws(RunError) {
    do { try KernelSet.configure(.auto) } catch { throw RunError.unusable(error) }
    let subjects = ConvolutionSubject.merged(
      try networks.map { network throws(RunError) in
        let batch = microBatch ?? Self.microBatch(of: network.name)
        return ConvolutionSubject.all(
          in: try StepBenchmark(microBatch: batch).blueprint(network).plan, of: network.name)
      })
    let report = ConvolutionReport(peak: PeakRate.measured(), hasErrors: measuresErrors)
    if !isJSON { report.printHead() }
    for subject in subjects {
      let findings = try findings(of: subject)
      if isJSON { report.printJSON(findings, of: subject) } else { report.printText(findings, of: subject) }
    }
    if !isJSON { report.printFoot() }
  }

  private func findings(of subject: ConvolutionSubject) throws(RunError) -> [ConvolutionFinding] {
    do {
      return try subject.passes.flatMap { try findings(of: $0, subject) }
    } catch {
      throw RunError.failed(error)
    }
  }

  private func findings(of pass: ConvolutionPass, _ subject: ConvolutionSubject) throws -> [ConvolutionFinding] {
    let algorithms = ConvolutionCandidates.algorithms(pass, subject.geometry, batch: subject.batch)
    let errors = measuresErrors ? try Self.errors(of: algorithms, pass, subject) : []
    var trial = try ConvolutionTrial(pass, subject.geometry, batch: subject.batch)
    var findings: [ConvolutionFinding] = []
    for (place, algorithm) in algorithms.enumerated() {
      let time = try trial.seconds(algorithm, for: seconds)
      findings.append(
        ConvolutionFinding(
          pass: pass, algorithm: algorithm, isChosen: place == 0, work: trial.work(seconds: time),
          error: errors.isEmpty ? nil : errors[place]))
    }
    return findings
  }

  // MARK: Errors

  /// Multiply-adds that the sum in double precision may take, about a second of them, unless one sample takes more.
  private static let exactMultiplyAdds = 1 << 29

  /// The errors of the algorithms, on fewer samples where many would take long.
  private static func errors(
    of algorithms: [ConvolutionAlgorithm], _ pass: ConvolutionPass, _ subject: ConvolutionSubject
  ) throws -> [ConvolutionFinding.Error] {
    let batch = max(1, min(subject.batch, exactMultiplyAdds / subject.geometry.multiplyAdds))
    var trial = try ConvolutionTrial(pass, subject.geometry, batch: batch)
    let exact = trial.exact()
    var errors: [ConvolutionFinding.Error] = []
    for algorithm in algorithms {
      let distance = OperatorErrors.distance(try trial.computed(algorithm), exact)
      errors.append(ConvolutionFinding.Error(relative: distance, batch: batch))
    }
    return errors
  }
}

/// What was found of one algorithm for one pass of a convolution.
struct ConvolutionFinding {
  /// The distance from sums in double precision.
  struct Error {
    /// The norm of the difference over the norm of the exact sums.
    let relative: Double
    /// The samples that it was measured with.
    let batch: Int
  }

  /// The pass.
  let pass: ConvolutionPass
  /// How it was computed.
  let algorithm: ConvolutionAlgorithm
  /// Whether the planner chooses this algorithm.
  let isChosen: Bool
  /// Its time.
  let work: MeasuredWork
  /// Its error, if that was asked for.
  let error: Error?
}
