import Operators

/// A sample that cannot be read.
package struct SampleProblem: Hashable, Sendable, Codable {
  /// Its number in the split.
  package let index: Int
  /// What is wrong with it, and what to do.
  package let message: String
  /// Whether its bytes are damaged.
  package let isDamaged: Bool
  /// Whether it may be sound, but is of a kind that is not read.
  package let isUnusable: Bool

  /// The problem that an error tells of.
  init(_ index: Int, _ error: DatasetError) {
    self.index = index
    message = error.message
    isDamaged = error.kind == .damage
    isUnusable = error.kind == .unusable
  }
}

/// How many samples cannot be read, by what is wrong with them.
package struct ProblemCounts: Hashable, Sendable {
  /// Those whose bytes are damaged.
  package let damaged: Int
  /// Those that may be sound, but are of a kind that is not read.
  package let unusable: Int
  /// Those that a disk, a permission or the memory keeps from being read.
  package let unreadable: Int

  /// The counts of a list of problems.
  package init(_ problems: [SampleProblem]) {
    damaged = problems.count { $0.isDamaged }
    unusable = problems.count { $0.isUnusable }
    unreadable = problems.count - damaged - unusable
  }

  /// "2 damaged, 1 that cannot be used"; damage is told even if there is none.
  package var text: String {
    let parts = [
      "\(damaged) damaged", unusable > 0 ? "\(unusable) that cannot be used" : nil,
      unreadable > 0 ? "\(unreadable) that cannot be read" : nil,
    ]
    return parts.compactMap(\.self).joined(separator: ", ")
  }
}

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
