import Datasets
import Network

/// What `data` prints.
package enum DataReport {
  /// Prints counts, shape and statistics of both splits.
  package static func info(_ configuration: RunConfiguration, asJSON: Bool) throws(RunError) {
    let dataset = try open(configuration)
    for (name, source) in [("train", dataset.train), ("test", dataset.test)] {
      let summary: DatasetSummary
      do { summary = try DatasetSummary(of: source) } catch { throw RunError.failed(error) }
      if asJSON {
        Report.json(summary.record(split: name))
      } else {
        print("\(dataset.name) \(name): \(Display.count(summary.count)) images of \(summary.shape)")
        let numbers = { (values: [Float]) in values.map { Display.decimal(Double($0), 4) }.joined(separator: ", ") }
        print(
          "  mean \(numbers(summary.normalization.mean)); deviation \(numbers(summary.normalization.deviation)); over "
            + "\(Display.count(summary.sampled)) images")
        for (name, count) in zip(summary.classNames, summary.classCounts) {
          print("  \(name): \(Display.count(count))")
        }
      }
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
    let dataset = try open(configuration)
    var damages: [String] = []
    for (name, source) in [("train", dataset.train), ("test", dataset.test)] {
      let found = DatasetVerifier.verify(source) { read in
        if read % 10_000 == 0, read > 0 {
          print("\(name): \(Display.count(read)) of \(Display.count(source.count)) read")
        }
      }
      print("\(name): \(Display.count(source.count)) samples read, \(found.count) damaged")
      for damage in found { print("  \(damage)") }
      damages += found
    }
    guard damages.isEmpty else {
      throw RunError(
        .failed, "\(damages.count) samples are damaged; replace them, or train without them: --set data.on-damage=skip")
    }
  }

  /// Prints the samples of steps, a line per micro-batch.
  package static func order(
    _ configuration: RunConfiguration, steps: ClosedRange<Int>, asJSON: Bool
  ) throws(RunError) {
    let dataset = try open(configuration)
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

  private static func open(_ configuration: RunConfiguration) throws(RunError) -> Dataset {
    do {
      return try DatasetCatalog.open(configuration.data.request(seed: configuration.seed))
    } catch {
      throw RunError.unusable(error)
    }
  }
}

extension DatasetSummary {
  fileprivate func record(split: String) -> [String: ReportValue] {
    [
      "split": .text(split), "count": .integer(count),
      "shape": .list([.integer(shape.channels), .integer(shape.height), .integer(shape.width)]),
      "classes": .list(classNames.map { .text($0) }), "class-counts": .list(classCounts.map { .integer($0) }),
      "mean": .list(normalization.mean.map { .number(Double($0)) }),
      "deviation": .list(normalization.deviation.map { .number(Double($0)) }), "sampled": .integer(sampled),
    ]
  }
}
