import Foundation
import Interchange

/// What stands at a place of a disk, with all that it holds.
indirect enum DiskTree: Hashable, Sendable {
  case file([UInt8])
  case link(String)
  case directory([String: DiskTree])

  /// What stands at `path` of the real disk.
  init(reading path: String) throws {
    switch Disk.kind(of: path) {
    case .file: self = .file(try Disk.read(path))
    case .link: self = .link(Disk.target(ofLink: path) ?? "")
    case .directory:
      let names = try Disk.names(in: path)
      self = .directory(
        Dictionary(
          uniqueKeysWithValues: try names.map { ($0, try DiskTree(reading: Disk.join(path, $0))) }))
    case .missing, .other: throw FileError("examined", path, reason: "it is no file, link or directory")
    }
  }

  /// Makes it at `path` of the real disk, where nothing or a directory stands.
  func write(to path: String) throws {
    switch self {
    case .file(let bytes): try Data(bytes).write(to: URL(filePath: path))
    case .link(let target): try Disk.link(path, to: target)
    case .directory(let entries):
      if !Disk.isDirectory(path) { try Disk.makeDirectory(path) }
      for (name, tree) in entries { try tree.write(to: Disk.join(path, name)) }
    }
  }
}

/// A disk that promises no more than POSIX: the contents of a file last once the file was synchronized, and the names
/// in a directory once the directory was. Until then a loss of power takes or leaves each change by itself, in any
/// order; only a rename is one change.
struct ModelDisk {
  /// A call that a real disk would refuse, such as the rename of what is not there.
  struct Refusal: Error {}

  /// What a loss of power leaves of contents that were not synchronized.
  enum Contents: CaseIterable {
    case lost, half, zeros, kept
  }

  fileprivate enum Change {
    case set(String, Int)
    case clear(String)
    case move(String, to: String)
  }

  fileprivate struct Node {
    var link: String?
    /// The names of a directory, those that last, and the changes since.
    var names: [String: Int]?
    var lasting: [String: Int] = [:]
    var changes: [Change] = []
    /// The bytes of a file, and those that last.
    var bytes: [UInt8] = []
    var lastingBytes: [UInt8] = []
  }

  private var nodes = [Node(names: [:])]
  private let root: String

  /// An empty directory at the path `root`, which lasts.
  init(root: String) { self.root = root }

  /// How many changes of names may still be lost.
  var pending: Int { nodes.reduce(0) { $0 + $1.changes.count } }

  /// What a reader finds as long as the power is on.
  var now: DiskTree { tree(0, contents: .kept, names: nodes.map { $0.names ?? [:] }) }

  /// What is found after a loss of power.
  ///
  /// - Parameters:
  ///   - contents: what is left of contents that were not synchronized.
  ///   - survives: whether a change of names that was not synchronized is there, by its index in `0..<pending`.
  func afterLoss(contents: Contents, _ survives: (Int) -> Bool) -> DiskTree {
    var first = 0
    var found: [[String: Int]] = []
    for node in nodes {
      var names = node.lasting
      for (index, change) in node.changes.enumerated() where survives(first + index) { change.apply(to: &names) }
      first += node.changes.count
      found.append(names)
    }
    return tree(0, contents: contents, names: found)
  }

  /// Does what a call does.
  mutating func apply(_ call: DiskCall) throws {
    switch call {
    case .makeDirectory(let path): try add(Node(names: [:]), at: path)
    case .link(let path, let target): try add(Node(link: target), at: path)
    case .create(let path):
      if let there = try find(path) { nodes[there].bytes = [] } else { try add(Node(), at: path) }
    case .append(let path): if try find(path) == nil { try add(Node(), at: path) }
    case .write(let path, let bytes): nodes[try existing(path)].bytes += bytes
    case .cut(let path, let count):
      let file = try existing(path)
      nodes[file].bytes = Array(nodes[file].bytes.prefix(count))
    case .synchronize(let path):
      let file = try existing(path)
      nodes[file].lastingBytes = nodes[file].bytes
    case .synchronizeDirectory(let path):
      let directory = try existing(path)
      nodes[directory].lasting = nodes[directory].names ?? [:]
      nodes[directory].changes = []
    case .rename(let old, let new): try rename(old, to: new)
    case .unlink(let path): try remove(path)
    case .removeDirectory(let path):
      guard nodes[try existing(path)].names == [:] else { throw Refusal() }
      try remove(path)
    }
  }

  private mutating func add(_ node: Node, at path: String) throws {
    guard try find(path) == nil else { throw Refusal() }
    nodes.append(node)
    try change(.set(Disk.lastComponent(of: path), nodes.count - 1), in: Disk.parent(of: path))
  }

  private mutating func remove(_ path: String) throws {
    _ = try existing(path)
    try change(.clear(Disk.lastComponent(of: path)), in: Disk.parent(of: path))
  }

  // Only within a directory: the store does no other.
  private mutating func rename(_ old: String, to new: String) throws {
    let moved = try existing(old)
    guard Disk.parent(of: old) == Disk.parent(of: new) else { throw Refusal() }
    if let there = try find(new) {
      // A directory replaces an empty one only; anything else replaces what is no directory.
      let fits = nodes[moved].names == nil ? nodes[there].names == nil : nodes[there].names == [:]
      guard fits else { throw Refusal() }
    }
    try change(.move(Disk.lastComponent(of: old), to: Disk.lastComponent(of: new)), in: Disk.parent(of: old))
  }

  private mutating func change(_ change: Change, in directory: String) throws {
    let index = try existing(directory)
    var names = nodes[index].names ?? [:]
    change.apply(to: &names)
    nodes[index].names = names
    nodes[index].changes.append(change)
  }

  private func existing(_ path: String) throws -> Int {
    guard let index = try find(path) else { throw Refusal() }
    return index
  }

  private func find(_ path: String) throws -> Int? {
    if path == root { return 0 }
    guard path.hasPrefix(root + "/") else { throw Refusal() }
    return path.dropFirst(root.count + 1).split(separator: "/").reduce(0 as Int?) { place, name in
      place.flatMap { nodes[$0].names?[String(name)] }
    }
  }

  private func tree(_ index: Int, contents: Contents, names: [[String: Int]]) -> DiskTree {
    let node = nodes[index]
    if let link = node.link { return .link(link) }
    guard node.names != nil else { return .file(node.found(contents)) }
    return .directory(names[index].mapValues { tree($0, contents: contents, names: names) })
  }
}

extension ModelDisk.Change {
  /// A move of what is not there does nothing: the change that brought it was lost.
  fileprivate func apply(to names: inout [String: Int]) {
    switch self {
    case .set(let name, let node): names[name] = node
    case .clear(let name): names[name] = nil
    case .move(let old, let new):
      guard let node = names.removeValue(forKey: old) else { return }
      names[new] = node
    }
  }
}

extension ModelDisk.Node {
  fileprivate func found(_ contents: ModelDisk.Contents) -> [UInt8] {
    guard bytes != lastingBytes else { return bytes }
    return switch contents {
    case .lost: lastingBytes
    case .half: Array(bytes.prefix(bytes.count / 2))
    case .zeros: [UInt8](repeating: 0, count: bytes.count)
    case .kept: bytes
    }
  }
}
