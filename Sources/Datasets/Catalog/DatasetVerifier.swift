import Network

/// Reads every sample and lists the damage.
package enum DatasetVerifier {
  /// What cannot be read of `source`, a sentence each; `report` is told how many samples have been read so far.
  package static func verify(_ source: any SampleSource, report: (Int) -> Void) -> [String] {
    damages(of: source, report: report).map(\.message)
  }

  /// The same, with the number of each damaged sample.
  static func damages(of source: any SampleSource, report: (Int) -> Void) -> [(index: Int, message: String)] {
    var damages: [(index: Int, message: String)] = []
    var picture = [UInt8](repeating: 0, count: source.shape.count)
    for index in 0..<source.count {
      var pixels = picture.mutableSpan
      do {
        _ = try source.read(index, into: &pixels)
      } catch {
        damages.append((index, error.message))
      }
      report(index + 1)
    }
    return damages
  }
}
