import Datasets
import Operators
import Training

extension DatasetSummary {
  private static let problemsNamed = 5

  /// What `data info` prints below a split's first line.
  func lines(_ orientation: OrientationPolicy) -> [String] {
    let numbers = { (values: [Float]) in values.map { Display.decimal(Double($0), 4) }.joined(separator: ", ") }
    var lines = [
      "mean \(numbers(normalization.mean)); std \(numbers(normalization.deviation)); over "
        + "\(Display.count(sampled)) images"
    ]
    lines += zip(classNames, classCounts).map { "\($0): \(Display.count($1))" }
    let looked = "of \(Display.count(surveyed))\(surveyed < count ? " that were looked at" : "")"
    if turned > 0 {
      let consequence =
        orientation == .apply ? "and are turned upright" : "and are used as they lie (data.orientation: ignore)"
      lines.append("EXIF orientation: \(Display.count(turned)) \(looked) are stored turned or mirrored, \(consequence)")
    }
    guard !problems.isEmpty else { return lines }
    lines.append("cannot be read: \(ProblemCounts(problems).text), \(looked)")
    lines += problems.prefix(Self.problemsNamed).map { "  \($0.message)" }
    let others = problems.count - Self.problemsNamed
    return others > 0 ? lines + ["  and \(Display.count(others)) others; cnn-dist data verify names all"] : lines
  }

  /// The same as a JSON object. What lies among the samples and is not used is told of the whole data set.
  func record(split: String, leftOut: LeftOut) -> [String: ReportValue] {
    let counts = ProblemCounts(problems)
    let record = { (counts: [String: Int]) in ReportValue.record(counts.mapValues { .integer($0) }) }
    return [
      "split": .text(split), "count": .integer(count),
      "shape": .list([.integer(shape.channels), .integer(shape.height), .integer(shape.width)]),
      "classes": .list(classNames.map { .text($0) }), "class-counts": .list(classCounts.map { .integer($0) }),
      "mean": .list(normalization.mean.map { .number(Double($0)) }),
      "deviation": .list(normalization.deviation.map { .number(Double($0)) }), "sampled": .integer(sampled),
      "surveyed": .integer(surveyed), "damaged": .integer(counts.damaged), "unusable": .integer(counts.unusable),
      "unreadable": .integer(counts.unreadable), "turned": .integer(turned), "left-out": record(leftOut.files),
      "ignored": record(leftOut.ignored), "unused-folders": record(leftOut.unusedFolders),
    ]
  }
}
