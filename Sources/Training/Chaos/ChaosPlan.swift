import Planner

/// Faults that are made on purpose, to see what becomes of a run: what `--chaos` asks for, as a plain value. No part of
/// a run's identity, and nothing of it is saved.
package struct ChaosPlan: Hashable, Sendable {
  /// A rank in a step.
  package struct Moment: Hashable, Sendable {
    /// The rank.
    package let rank: Int
    /// The step, from 0, as the ledger counts.
    package let step: Int

    /// A rank in a step.
    package init(rank: Int, step: Int) { (self.rank, self.step) = (rank, step) }
  }

  /// One fault. Those of a moment happen when the rank's process comes to that step.
  package enum Fault: Hashable, Sendable {
    /// The rank ends itself by SIGKILL.
    case kill(Moment)
    /// The rank stops itself by SIGSTOP.
    case stop(Moment)
    /// The rank sleeps so many seconds before the step.
    case delay(Moment, seconds: Double)
    /// One bit of the middle element of what a layer writes is flipped, in the rank's first micro-batch.
    case flip(Moment, layer: String, bit: Int)
    /// One element of the gradient of the rank's first micro-batch becomes NaN.
    case notANumber(Moment)
    /// There is no space for the checkpoint after so many steps.
    case noSpace(checkpoint: Int)
    /// One bit of the weights in the checkpoint after so many steps is flipped once it is committed.
    case corrupt(checkpoint: Int)
  }

  /// The faults, in the order in which they were named.
  package let faults: [Fault]

  /// No faults.
  package static let none = ChaosPlan([])

  /// These faults.
  package init(_ faults: [Fault]) { self.faults = faults }

  /// The faults of a list such as `kill=2@40,flip=1@7:conv1:30`.
  ///
  /// - Throws: `RunError` with code `unusable`.
  package init(parsing text: String) throws(RunError) {
    var faults: [Fault] = []
    for word in text.split(separator: ",", omittingEmptySubsequences: false) { faults.append(try Fault(String(word))) }
    self.init(faults)
  }

  /// The list that says the same.
  package var text: String { faults.map(\.text).joined(separator: ",") }

  /// Checks that a run comes to these faults.
  ///
  /// - Throws: `RunError` with code `unusable`.
  func check(_ blueprint: Blueprint, ranks: Int) throws(RunError) {
    for fault in faults {
      if let problem = fault.problem(blueprint, ranks: ranks) {
        throw RunError(.unusable, "--chaos \(fault.text): \(problem)")
      }
    }
  }
}

extension ChaosPlan.Fault {
  /// How each kind is written.
  private static let forms = [
    "kill": "kill=RANK@STEP", "stop": "stop=RANK@STEP", "delay": "delay=RANK@STEP:SECONDS",
    "flip": "flip=RANK@STEP:LAYER:BIT", "nan": "nan=RANK@STEP", "enospc": "enospc@CHECKPOINT",
    "corrupt": "corrupt=CHECKPOINT",
  ]

  /// The fault that a word of the list names.
  fileprivate init(_ word: String) throws(RunError) {
    let kind = String(word.prefix { $0.isLetter })
    guard let form = Self.forms[kind] else {
      let known = Self.forms.values.sorted().joined(separator: ", ")
      throw RunError(.unusable, "--chaos: '\(word)' is no fault; write one or more of \(known), with commas between")
    }
    let mark = kind == "enospc" ? "@" : "="
    let rest = word.dropFirst(kind.count)
    guard rest.hasPrefix(mark), let fault = Self(kind, String(rest.dropFirst())) else {
      throw RunError(.unusable, "--chaos: '\(word)' is not of the form \(form); \(Self.hint(kind))")
    }
    self = fault
  }

  /// Nil if what stands behind the kind has another form.
  private init?(_ kind: String, _ rest: String) {
    let parts = rest.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    let moment = ChaosPlan.Moment(parts[0])
    switch (kind, moment, parts.count) {
    case ("kill", let moment?, 1): self = .kill(moment)
    case ("stop", let moment?, 1): self = .stop(moment)
    case ("nan", let moment?, 1): self = .notANumber(moment)
    case ("delay", let moment?, 2):
      guard let seconds = Double(parts[1]), (0...86_400).contains(seconds) else { return nil }
      self = .delay(moment, seconds: seconds)
    case ("flip", let moment?, 3...):
      let layer = parts[1..<parts.count - 1].joined(separator: ":")
      guard let bit = Self.number(parts[parts.count - 1]), bit < 32, !layer.isEmpty else { return nil }
      self = .flip(moment, layer: layer, bit: bit)
    case ("enospc", _, 1):
      guard let step = Self.number(rest) else { return nil }
      self = .noSpace(checkpoint: step)
    case ("corrupt", _, 1):
      guard let step = Self.number(rest) else { return nil }
      self = .corrupt(checkpoint: step)
    default: return nil
    }
  }

  /// A number of digits alone.
  fileprivate static func number(_ text: String) -> Int? {
    text.allSatisfy { ("0"..."9").contains($0) } ? Int(text) : nil
  }

  /// What the words of a form mean.
  private static func hint(_ kind: String) -> String {
    switch kind {
    case "delay": "SECONDS are from 0 to 86400, as in delay=1@40:2.5"
    case "flip": "LAYER is a path as 'cnn-dist plan' shows it and BIT from 0 to 31, as in flip=2@40:conv1:30"
    case "enospc", "corrupt": "CHECKPOINT is the number of steps before it: 40 for step-0000040"
    default: "RANK and STEP are counted from 0, as in \(kind)=2@40"
    }
  }

  /// The word of the list.
  package var text: String {
    switch self {
    case .kill(let moment): "kill=\(moment.text)"
    case .stop(let moment): "stop=\(moment.text)"
    case .delay(let moment, let seconds): "delay=\(moment.text):\(seconds)"
    case .flip(let moment, let layer, let bit): "flip=\(moment.text):\(layer):\(bit)"
    case .notANumber(let moment): "nan=\(moment.text)"
    case .noSpace(let step): "enospc@\(step)"
    case .corrupt(let step): "corrupt=\(step)"
    }
  }

  /// When and where it happens; nil of one of a checkpoint.
  var moment: ChaosPlan.Moment? {
    switch self {
    case .kill(let moment), .stop(let moment), .delay(let moment, _), .flip(let moment, _, _), .notANumber(let moment):
      moment
    case .noSpace, .corrupt: nil
    }
  }

  /// Why a run never comes to it; nil if it does.
  fileprivate func problem(_ blueprint: Blueprint, ranks: Int) -> String? {
    if let moment, moment.rank >= ranks {
      return "there is no rank \(moment.rank); the ranks are 0 to \(ranks - 1)"
    }
    if let moment, moment.step >= blueprint.steps {
      return "there is no step \(moment.step); the steps are 0 to \(blueprint.steps - 1)"
    }
    guard case .flip(_, let layer, _) = self, blueprint.plan.training.activation(of: layer) == nil else { return nil }
    let paths = Set(blueprint.plan.training.instructions.filter { $0.pass == .forward }.map(\.path)).sorted()
    return "no layer '\(layer)' writes an activation of its own; those that do are \(paths.joined(separator: ", "))"
  }
}

extension ChaosPlan.Moment {
  /// The moment of `RANK@STEP`; nil if the text has another form.
  fileprivate init?(_ text: String) {
    let parts = text.split(separator: "@", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, let rank = ChaosPlan.Fault.number(parts[0]), let step = ChaosPlan.Fault.number(parts[1])
    else { return nil }
    self.init(rank: rank, step: step)
  }

  fileprivate var text: String { "\(rank)@\(step)" }
}

extension Program {
  /// The last instruction of a layer's forward pass, and the slot of the activation that it writes; nil if it has none.
  func activation(of layer: String) -> (instruction: Int, slot: SlotID)? {
    let place = instructions.lastIndex { $0.pass == .forward && $0.path == layer && !$0.writes.isEmpty }
    return place.map { ($0, instructions[$0].writes[0]) }
  }
}
