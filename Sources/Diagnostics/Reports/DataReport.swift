package import Configuration
import Datasets
package import Training

/// What `data` prints.
package enum DataReport {
  /// Prints counts, shape and statistics of both splits, and what is wrong with them.
  package static func info(_ configuration: RunConfiguration, asJSON: Bool) throws(RunError) {
    let dataset = try open(configuration, isSurvey: true)
    for (name, source) in [("train", dataset.train), ("test", dataset.test)] {
      var progress = ReadingProgress(name)
      let summary = DatasetSummary(of: source) { progress.tell($0, of: $1) }
      if asJSON {
        Report.json(summary.record(split: name, leftOut: dataset.leftOut))
      } else {
        print("\(dataset.name) \(name): \(Display.count(summary.count)) images of \(summary.shape)")
        for line in summary.lines(configuration.data.orientation) { print("  \(line)") }
      }
    }
    if !asJSON {
      for note in dataset.notes { print("note: \(note)") }
    }
  }

  /// Writes the built-in digits as IDX files.
  package static func makeDigits(in directory: String, train: Int, test: Int) throws(RunError) {
    do { try DigitsExport.writeIDX(to: directory, train: train, test: test) } catch { throw RunError.failed(error) }
    print(
      "\(directory): \(train) training and \(test) test images; use them with data.format=idx data.path=\(directory)")
  }

  /// Reads every sample; damaged ones are named.
  ///
  /// - Throws: `RunError` with code `failed` if any is damaged.
  package static func verify(_ configuration: RunConfiguration) throws(RunError) {
    let dataset = try open(configuration, isSurvey: true)
    var all: [SampleProblem] = []
    for (name, source) in [("train", dataset.train), ("test", dataset.test)] {
      var progress = ReadingProgress(name)
      let problems = DatasetVerifier.problems(of: source) { progress.tell($0, of: source.count) }
      print("\(name): \(Display.count(source.count)) samples read, \(ProblemCounts(problems).text)")
      for problem in problems { print("  \(problem.message)") }
      all += problems
    }
    for note in dataset.notes { print("note: \(note)") }
    if let failure = failure(all) { throw failure }
  }

  /// The error that problems make; nil if there are none.
  static func failure(_ problems: [SampleProblem]) -> RunError? {
    guard !problems.isEmpty else { return nil }
    let counts = ProblemCounts(problems)
    let what = counts.damaged == problems.count ? "are damaged" : "cannot be used (\(counts.text))"
    return RunError(
      .failed, "\(problems.count) samples \(what); replace them, or train without them: --set data.on-damage=skip")
  }

  /// Prints the samples of steps, a line per micro-batch.
  package static func order(
    _ configuration: RunConfiguration, steps: ClosedRange<Int>, asJSON: Bool
  ) throws(RunError) {
    let dataset = try open(configuration, isSurvey: false)
    let order = SampleOrder(count: dataset.train.count, seed: configuration.seed)
    for step in steps {
      for microBatch in 0..<configuration.train.microBatches {
        let positions = SampleOrder.positions(
          step: step, microBatch: microBatch, globalBatch: configuration.train.globalBatch,
          size: configuration.train.microBatch)
        let samples = positions.map { order.sample(at: $0) }
        if asJSON {
          Report.json([
            "step": .integer(step), "micro-batch": .integer(microBatch),
            "epochs": .list(samples.map { .integer($0.epoch) }), "samples": .list(samples.map { .integer($0.index) }),
            "names": .list(samples.map { .text(dataset.train.name(of: $0.index)) }),
          ])
        } else {
          print("step \(step) micro-batch \(microBatch): \(samples.map { String($0.index) }.joined(separator: " "))")
        }
      }
    }
  }

  /// Opens the data; for a survey, with all that is damaged in it.
  static func open(_ configuration: RunConfiguration, isSurvey: Bool) throws(RunError) -> Dataset {
    do {
      var request = configuration.data.request(seed: configuration.seed)
      request.isSurvey = isSurvey
      return try DatasetCatalog.open(request)
    } catch {
      throw RunError.unusable(error)
    }
  }
}
