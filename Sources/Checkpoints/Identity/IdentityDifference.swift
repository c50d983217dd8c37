import Configuration
package import Datasets

/// One part in which two runs differ.
package struct IdentityDifference: Hashable, Sendable {
  /// A part of a run's identity.
  package enum Part: Hashable, Sendable {
    /// The version of the program, or its build.
    case program
    /// The kernel set.
    case kernels
    /// The class names, or their order.
    case classes
    /// Channels, height and width of the images.
    case shape
    /// The number of samples of a split.
    case count(Split)
    /// The model.
    case model
    /// A value of the configuration, by its path.
    case key(String)
    /// The content of a split of the same count and shape.
    case content(Split)
  }

  /// A part of the data.
  package enum Split: String, Hashable, Sendable {
    case train = "training"
    case test
  }

  /// The part.
  package let part: Part
  /// What it is in the first run, in a few words.
  package let before: String
  /// What it is in the second run.
  package let after: String

  /// What the part is called.
  package var name: String {
    switch part {
    case .program: "program"
    case .kernels: "kernel set"
    case .classes: "class names"
    case .shape: "image shape"
    case .count(let split): "number of \(split.rawValue) samples"
    case .model: "model"
    case .key(let path): path
    case .content(let split): "content of the \(split.rawValue) data"
    }
  }
}

extension RunIdentity {
  /// The parts in which `other` differs from this one, the weightiest first.
  package func differences(to other: RunIdentity) -> [IdentityDifference] {
    var found: [IdentityDifference] = []
    func compare(_ part: IdentityDifference.Part, _ before: String, _ after: String) {
      if before != after { found.append(IdentityDifference(part: part, before: before, after: after)) }
    }
    compare(.program, "\(program) (build \(build))", "\(other.program) (build \(other.build))")
    compare(.kernels, kernels, other.kernels)
    found += data.differences(to: other.data)
    if model != other.model {
      let (before, after) = FirstDifference.lines(model, other.model)
      compare(.model, "\(configuration.model.name) (\(before))", "\(other.configuration.model.name) (\(after))")
    }
    found += configuration.differences(to: other.configuration).map {
      IdentityDifference(part: .key($0.path), before: $0.old, after: $0.new)
    }
    return found
  }

  /// Whether nothing differs.
  package func isSame(as other: RunIdentity) -> Bool { differences(to: other).isEmpty }
}

extension DataIdentity {
  /// The parts in which other data differs: of a split with another count or shape the content is no news.
  package func differences(to other: DataIdentity) -> [IdentityDifference] {
    var found: [IdentityDifference] = []
    if classes != other.classes {
      let (before, after) = FirstDifference.names(classes, other.classes)
      found.append(IdentityDifference(part: .classes, before: before, after: after))
    }
    if train.shape != other.train.shape {
      found.append(IdentityDifference(part: .shape, before: "\(train.shape)", after: "\(other.train.shape)"))
    }
    for (split, mine, theirs) in [(IdentityDifference.Split.train, train, other.train), (.test, test, other.test)] {
      if mine.count != theirs.count {
        found.append(IdentityDifference(part: .count(split), before: "\(mine.count)", after: "\(theirs.count)"))
      } else if mine.content != theirs.content {
        let (before, after) = (mine.content.prefix(12), theirs.content.prefix(12))
        found.append(IdentityDifference(part: .content(split), before: "\(before)…", after: "\(after)…"))
      }
    }
    return found
  }
}

/// Where two long values part, in a few words.
package enum FirstDifference {
  private static let width = 120

  /// The first line in which two texts differ.
  package static func lines(_ a: String, _ b: String) -> (String, String) {
    let (a, b) = (a.split(separator: "\n"), b.split(separator: "\n"))
    let index = zip(a, b).enumerated().first { $1.0 != $1.1 }?.offset ?? min(a.count, b.count)
    let excerpt = { (lines: [Substring]) in
      guard lines.indices.contains(index) else { return "(its end)" }
      let line = lines[index].drop { $0 == " " }
      return "'\(line.count > width ? line.prefix(width) + "…" : line)'"
    }
    return (excerpt(a), excerpt(b))
  }

  /// The first names in which two lists differ, with their places.
  static func names(_ a: [String], _ b: [String]) -> (String, String) {
    let index = zip(a, b).enumerated().first { $1.0 != $1.1 }?.offset ?? min(a.count, b.count)
    let excerpt = { (names: [String]) in
      names.indices.contains(index) ? "'\(names[index])' as class \(index) of \(names.count)" : "\(names.count) classes"
    }
    return (excerpt(a), excerpt(b))
  }
}
