import Foundation
import StrictYAML

/// Answers to options that other programs have: values of a run are keys of its configuration here.
package enum ForeignOptions {
  /// What to say instead of the parser's complaint, one sentence for each foreign option; nil if it knows better.
  ///
  /// - Parameters:
  ///   - arguments: the words behind the program's name.
  ///   - complaint: what the parser of the command line says.
  package static func answer(to arguments: [String], complaint: String) -> String? {
    guard takesKeys(arguments), let unknown = unknownOption(in: complaint) else { return nil }
    let words = arguments.prefix { $0 != "--" }
    var found = words.indices.compactMap { Option(at: $0, of: Array(words)) }
    // The parser stops at the first; what else is known to be foreign is answered along with it.
    found = found.filter { $0.whole == unknown || (!own.contains($0.plain) && $0.isKnownElsewhere) }
    guard found.contains(where: { $0.whole == unknown }) else { return nil }
    let base = base(of: Array(words))
    let answers = found.compactMap { option in
      option.answer(base).map { "unknown option '\(option.name)'; \($0)" }
    }
    if !answers.isEmpty { return answers.joined(separator: "\n") }
    // A slip in an option of ours the parser mends.
    if Suggestion.spelling(of: Suggestion.plain(unknown), among: Array(own)) != nil { return nil }
    return "unknown option '\(unknown)'; cnn-dist \(arguments[0]) --help lists the options, and cnn-dist config the "
      + "keys that --set takes"
  }

  /// Whether the command has `--set`.
  private static func takesKeys(_ arguments: [String]) -> Bool {
    guard let command = arguments.first else { return false }
    if command == "data" { return ["info", "verify", "order"].contains(arguments.dropFirst().first ?? "") }
    return ["train", "evaluate", "config"].contains(command)
  }

  private static func unknownOption(in complaint: String) -> String? {
    guard let match = complaint.firstMatch(of: /Unknown option '(-[^']*)'/) else { return nil }
    return String(match.1)
  }

  /// Options that these commands have themselves.
  private static let own: Set = [
    "set", "rundir", "name", "resume", "debug", "quiet", "q", "alone", "json", "checkpoint", "help", "h", "version",
  ]

  /// The configuration that the command line names as far as it can be read; the built-in one if it cannot.
  private static func base(of arguments: [String]) -> Base {
    let file = arguments.first { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }
    let overrides = arguments.indices.dropLast().filter { arguments[$0] == "--set" }.map { arguments[$0 + 1] }
    if let configuration = try? Configurations.read(path: file, overrides: overrides) {
      return Base(file: file, overrides: overrides, configuration: configuration)
    }
    return Base(file: nil, overrides: [], configuration: RunConfiguration())
  }

  /// What an example is tried on.
  fileprivate struct Base {
    let file: String?
    let overrides: [String]
    let configuration: RunConfiguration

    /// Whether these settings would be taken.
    func takes(_ settings: [String]) -> Bool {
      (try? Configurations.read(path: file, overrides: overrides + settings)) != nil
    }
  }
}

/// One option as it was typed.
private struct Option {
  /// With its hyphens, without a value.
  let name: String
  /// As the parser names it.
  let whole: String
  /// What it was given, if anything.
  let value: String?

  var plain: String { Suggestion.plain(name) }

  init?(at index: Int, of words: [String]) {
    let word = words[index]
    guard word.hasPrefix("-"), word.count > 1, Double(word) == nil else { return nil }
    // -j4 is -j with a value.
    if let match = word.wholeMatch(of: /(-[A-Za-z])([0-9.]+)/) {
      (name, whole, value) = (String(match.1), word, String(match.2))
      return
    }
    let parts = word.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    (name, whole) = (parts[0], parts[0])
    let next = index + 1 < words.count ? words[index + 1] : "-"
    let isValue = !next.hasPrefix("-") || Double(next) != nil
    value = parts.count == 2 ? parts[1] : isValue ? next : nil
  }

  /// Whether another program has the option.
  var isKnownElsewhere: Bool { OtherAdvice.text(for: plain, value: value) != nil || !paths.isEmpty }

  private var paths: [String] {
    let paths = ForeignKeys.paths(for: name)
    guard paths.isEmpty else { return paths }
    let names = ConfigurationKey.all.map(\.name)
    return Suggestion.spelling(of: plain, among: names.map(Suggestion.plain)).map { word in
      ConfigurationKey.all.filter { Suggestion.plain($0.name) == word }.map(\.path)
    } ?? []
  }

  /// The key to set, with an example that would be taken; nil if there is none.
  func answer(_ base: ForeignOptions.Base) -> String? {
    if let text = OtherAdvice.text(for: plain, value: value) { return text }
    guard let path = paths.first.map({ KeyExample.path(for: $0, plain, base) }) else { return nil }
    guard let key = ConfigurationKey.at(path) else { return nil }
    let settings = KeyExample.settings(for: key, value, base)
    let example = settings.map { "--set \(quoted($0))" }.joined(separator: " ")
    let isTaken = value == nil || settings[0] == "\(key.path)=\(value ?? "")"
    let refusal = isTaken ? "" : ", which cannot be '\(value ?? "")' (it takes: \(key.form))"
    return "the key is \(key.path) (\(key.summary))\(refusal): \(example); cnn-dist config lists all keys"
  }

  private func quoted(_ setting: String) -> String {
    setting.contains(where: { " {}[]()*?$&|;<>'\"".contains($0) }) ? "'\(setting)'" : setting
  }
}

/// Examples of `--set`.
private enum KeyExample {
  /// The key that a learning rate is given with depends on the kind of schedule.
  static func path(for path: String, _ plain: String, _ base: ForeignOptions.Base) -> String {
    let isRate = plain.hasSuffix("lr") || plain.hasSuffix("rate") || plain == "peak"
    let kind = base.configuration.train.schedule.alternative(.brief).name
    if path == "train.schedule", isRate {
      let keys = ["peak", "rate"].map { "train.schedule.\(kind).\($0)" }
      return keys.first { ConfigurationKey.at($0) != nil } ?? path
    }
    // A key of another kind would be a second kind beside the first.
    guard path.hasPrefix("train.schedule."), let name = path.split(separator: ".").last else { return path }
    let own = "train.schedule.\(kind).\(name)"
    return ConfigurationKey.at(own) != nil ? own : path
  }

  /// Settings that would be taken: with the value as it was typed if possible, with what has to change along with it.
  static func settings(for key: ConfigurationKey, _ value: String?, _ base: ForeignOptions.Base) -> [String] {
    let value = value ?? (key.form == "true | false" ? "true" : nil)
    let trials =
      value.map { value in
        [[], along(key, value, base), ["data.path=PATH"]].map { ["\(key.path)=\(value)"] + $0 }
      } ?? []
    let isOverruled = key.path == "train.epochs" && base.configuration.train.steps != nil
    let overruling = isOverruled ? ["train.steps=null"] : []
    if let taken = trials.first(where: base.takes) { return taken + overruling }
    let sample = key.standard.flatMap { $0 == "null" ? nil : $0 } ?? samples[key.path] ?? "…"
    return ["\(key.path)=\(sample)"] + overruling
  }

  /// A global batch must be a multiple of the micro-batch.
  private static func along(_ key: ConfigurationKey, _ value: String, _ base: ForeignOptions.Base) -> [String] {
    guard key.path == "train.global-batch", let batch = Int(value), batch > 0 else { return [] }
    let most = min(batch, base.configuration.train.microBatch)
    return (1...most).last { batch % $0 == 0 }.map { ["train.micro-batch=\($0)"] } ?? []
  }

  /// Examples for keys whose default is nothing.
  private static let samples = [
    "data.path": "PATH", "train.steps": "1000", "data.size": "32", "data.channels": "3", "data.classes": "10",
    "data.hold-out": "500", "data.train-count": "1000", "data.test-count": "500", "checkpoint.every-steps": "500",
  ]
}
