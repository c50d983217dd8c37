import Checkpoints
import Hashing
import Interchange
import Training

/// A ledger that has been read once from its beginning to its end: whether its lines are those of one run, in order,
/// and where each step's line lies.
struct LedgerIndex {
  /// The file.
  let path: String
  /// What is wrong with it, a sentence each.
  private(set) var faults = FaultList()
  /// The steps of its lines in the order of the lines; lines that cannot be read are left out.
  private(set) var steps: [NumberedStep] = []
  /// SHA-256, in hexadecimal, over its lines as this program would write them.
  let digest: String
  private var places: [Int: Range<Int>] = [:]

  /// The step that a line tells of.
  struct NumberedStep: Hashable {
    /// The line, from 1.
    let line: Int
    /// Its step.
    let step: Int
  }

  /// Reads a ledger.
  ///
  /// - Parameters:
  ///   - first: the step that its first line should have.
  ///   - microBatches: the number of micro-batches that each line should have.
  /// - Throws: `RunError` with code `unusable` if it cannot be read.
  init(_ path: String, from first: Int, microBatches: Int) throws(RunError) {
    self.path = path
    var hash = SHA256()
    var reader = try LedgerReader(path)
    var progress = ReadingProgress("bytes of the ledger")
    while let line = try reader.next() {
      progress.tell(line.place.upperBound, of: reader.count)
      switch line.entry {
      case .failure(let problem): faults.add(problem.message)
      case .success(let entry):
        if let canonical = try? RecordCoding.encode(entry) { hash.update(canonical.span) }
        steps.append(NumberedStep(line: line.number, step: entry.step))
        if places[entry.step] == nil { places[entry.step] = line.place }
        if entry.microBatches.count != microBatches {
          faults.add(
            "\(path): line \(line.number) has \(entry.microBatches.count) micro-batches, but a step of this run has "
              + "\(microBatches)")
        }
      }
    }
    digest = hash.finish()
    for fault in Self.faults(in: steps, from: first) { faults.add("\(path): \(fault)") }
  }

  /// The last step that has a line; nil if none has.
  var last: Int? { places.keys.max() }

  /// The line of a step; nil if there is none.
  func entry(ofStep step: Int) throws(RunError) -> LedgerEntry? {
    guard let place = places[step] else { return nil }
    do {
      return try LedgerReader.entry(try OpenFile.at(path, for: .reading).read(place), "\(path): step \(step)").get()
    } catch {
      throw RunError.unusable(error)
    }
  }

  /// What is wrong with the order of some steps that should be `first` and those after it, one by one.
  static func faults(in steps: [NumberedStep], from first: Int) -> [String] {
    var lines: [Int: Int] = [:]
    var faults: [String] = []
    for (line, step) in steps.lazy.map({ ($0.line, $0.step) }) {
      if let former = lines[step] {
        faults.append("line \(line) tells of step \(step) once more, after line \(former); the line is doubled")
      } else if step < first {
        faults.append("line \(line) tells of step \(step), but the run began with step \(first)")
      } else {
        lines[step] = line
      }
    }
    faults += missing(lines.keys.sorted(), from: first).map { range in
      range.count == 1
        ? "the line of step \(range.lowerBound) is missing"
        : "the lines of steps \(range.lowerBound) to \(range.upperBound - 1) are missing"
    }
    return faults.isEmpty ? misplaced(steps, from: first) : faults
  }

  private static func missing(_ steps: [Int], from first: Int) -> [Range<Int>] {
    zip([first - 1] + steps, steps).compactMap { former, next in next == former + 1 ? nil : former + 1..<next }
  }

  /// The lines that stand where another belongs, of a ledger that has each line once.
  private static func misplaced(_ steps: [NumberedStep], from first: Int) -> [String] {
    zip(steps, first...).filter { $0.step != $1 }.map {
      "line \($0.line) tells of step \($0.step), where step \($1) belongs; lines have been exchanged"
    }
  }
}

/// Sentences of which the first few are enough.
struct FaultList {
  private static let limit = 10
  /// The first sentences.
  private(set) var sentences: [String] = []
  /// How many there are.
  private(set) var count = 0

  /// Adds a sentence.
  mutating func add(_ sentence: String) {
    count += 1
    if sentences.count < Self.limit { sentences.append(sentence) }
  }

  /// The first sentences, and how many follow.
  var text: [String] {
    count > sentences.count ? sentences + ["and \(count - sentences.count) more like these"] : sentences
  }
}
