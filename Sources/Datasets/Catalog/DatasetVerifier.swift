import Operators

/// Reads every sample and lists what cannot be read.
package enum DatasetVerifier {
  /// What cannot be read of `source`, a sentence each; `report` is told how many samples have been read so far.
  package static func verify(_ source: any SampleSource, report: (Int) -> Void) -> [String] {
    problems(of: source, report: report).map(\.message)
  }

  /// The same, with the number and the kind of each.
  package static func problems(of source: any SampleSource, report: (Int) -> Void) -> [SampleProblem] {
    var problems: [SampleProblem] = []
    var picture = [UInt8](repeating: 0, count: source.shape.count)
    for index in 0..<source.count {
      var pixels = picture.mutableSpan
      do {
        _ = try source.read(index, into: &pixels)
      } catch {
        problems.append(SampleProblem(index, error))
      }
      report(index + 1)
    }
    return problems
  }
}
