/// The targets of Package.swift with their dependencies, read from its text.
struct Manifest {
  /// A target below Sources.
  struct Target {
    let name: String
    let dependencies: Set<String>
  }

  /// The targets that stand in Sources, in their order.
  let targets: [Target]

  /// The modules behind the products that the manifest names by constants.
  private static let products = ["yams": "Yams", "crypto": "Crypto", "arguments": "ArgumentParser"]

  init(_ text: String) throws {
    let call = /\.(?:target|executableTarget|systemLibrary)\(\s*name:\s*"([^"]+)"([^()]*(?:\([^()]*\)[^()]*)*)\)/
    targets = text.matches(of: call).compactMap { match in
      let rest = match.2
      if rest.contains("path:") { return nil }
      let list = rest.firstMatch(of: /dependencies:\s*\[([^\]]*)\]/)?.1 ?? ""
      return Target(name: String(match.1), dependencies: Self.names(list))
    }
  }

  private static func names(_ list: Substring) -> Set<String> {
    let items = list.split(separator: ",").map { $0.filter { !$0.isWhitespace && $0 != "\"" } }.filter { !$0.isEmpty }
    return Set(items.map { products[$0] ?? $0 })
  }
}
