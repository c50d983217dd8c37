import Configuration
import Network
import Planner
import StrictYAML

extension Target {
  /// Readers of YAML.
  static let texts = [
    Target("yaml") { try yaml(String(decoding: $0, as: UTF8.self)) },
    Target("configuration") { try configuration(String(decoding: $0, as: UTF8.self)) },
    Target("model") { try model(String(decoding: $0, as: UTF8.self)) },
  ]

  /// A tree of strings is the same after it was written and read, and so is any text as a string.
  private static func yaml(_ text: String) throws {
    let string = text.yaml.inline
    let read = try YAMLTree(parsing: "key: \(string)", source: "string")[key: "key"]
    let readAgain = try read.map { tree throws(YAMLError) in try String(yaml: YAMLCursor(tree, source: "string")) }
    law(readAgain.map { Array($0.utf8) } == Array(text.utf8), "a string is read as it was written: \(string)")
    guard let tree = reading({ () throws(YAMLError) in try YAMLTree(parsing: text, source: "fuzz") })?.ofStrings else {
      return
    }
    guard tree.isSmall else { return }
    let again = try YAMLTree(parsing: tree.text, source: "again").ofStrings
    law(again == tree, "a tree is read as it was written:\n\(tree.text)")
  }

  private static func configuration(_ text: String) throws {
    guard
      let read = reading({ () throws(YAMLError) in try Configurations.parse(text, source: "fuzz") })
    else { return }
    let again = try Configurations.parse(read.text, source: "again")
    law(again == read, "a configuration is read as it was written:\n\(read.text)")
  }

  /// A network is the same after it was written and read. It can be planned and the plan keeps all rules, or it is
  /// refused.
  private static func model(_ text: String) throws {
    guard
      let network = reading({ () throws(YAMLError) in
        try NetworkDescription(parsing: text, source: "fuzz", name: "fuzz")
      })
    else { return }
    for form in [network.fileText, network.canonicalText] {
      let again = try NetworkDescription(parsing: form, source: "again", name: "fuzz")
      law(again == network, "a network is read as it was written:\n\(form)")
    }
    let options = PlanOptions(microBatch: 2, microBatches: 3)
    do throws(NetworkError) {
      let plan = try Planner.plan(network, options: options)
      let problems = Verifier.violations(of: plan)
      law(problems.isEmpty, "the plan keeps its rules: \(problems.prefix(3))")
    } catch {
      law(!error.description.isEmpty, "an error has a sentence")
    }
  }

  /// What a reader returns; nil if it refused.
  private static func reading<Value>(_ read: () throws(YAMLError) -> Value) -> Value? {
    do throws(YAMLError) {
      return try read()
    } catch {
      law(!error.description.isEmpty, "an error has a sentence")
      return nil
    }
  }
}

extension YAMLTree {
  /// The same with each scalar as a string, and without lines.
  fileprivate var ofStrings: YAMLTree {
    switch content {
    case .scalar(let text, _): YAMLTree(.scalar(text: text, quoted: true))
    case .sequence(let items): YAMLTree(.sequence(items.map(\.ofStrings)))
    case .mapping(let entries): .mapping(entries.map { Entry($0.key, $0.value.ofStrings) })
    }
  }

  /// Whether its text is short: aliases make much of little. (A key of more than 1024 characters is no key in YAML.)
  fileprivate var isSmall: Bool { weight < 100_000 && hasShortKeys }

  private var hasShortKeys: Bool {
    switch content {
    case .scalar: true
    case .sequence(let items): items.allSatisfy(\.hasShortKeys)
    case .mapping(let entries): entries.allSatisfy { $0.key.yaml.inline.count < 1000 && $0.value.hasShortKeys }
    }
  }

  private var weight: Int {
    switch content {
    case .scalar(let text, _): text.utf8.count + 1
    case .sequence(let items): items.reduce(1) { $0 + $1.weight }
    case .mapping(let entries): entries.reduce(1) { $0 + $1.key.utf8.count + $1.value.weight }
    }
  }
}
