/// What lies among the images of a data set and is not used.
package struct LeftOut: Hashable, Sendable {
  /// Files that are no JPEG, PNG or WebP image by their names: how many of each kind (".gif").
  package private(set) var files: [String: Int] = [:]

  /// Files and folders that no data set means: how many of each name.
  package private(set) var ignored: [String: Int] = [:]

  /// Images in top folders that are neither the training nor the test split: how many in each.
  package private(set) var unusedFolders: [String: Int] = [:]

  private static let kindsNamed = 12

  /// Nothing.
  package init() {}

  /// What a listing holds beside its images; `used` are the top folders whose images are used, nil for all.
  init(_ listing: ImageListing, used: [FileName]?) {
    for file in listing.others { files[Self.kind(of: file), default: 0] += 1 }
    for path in listing.junk { ignored[Self.name(ofJunk: path.last), default: 0] += 1 }
    guard let used else { return }
    for image in listing.images {
      guard let folder = image.path.cut?.folder else {
        unusedFolders["", default: 0] += 1
        continue
      }
      if !used.contains(folder) { unusedFolders[folder.text, default: 0] += 1 }
    }
  }

  private static func kind(of file: FileName) -> String { file.ending.map { "." + $0.text } ?? "without an ending" }

  /// Names that merely start with a dot are told together.
  private static func name(ofJunk name: FileName) -> String {
    let known = [".DS_Store", ".ipynb_checkpoints", ".git", ".Trashes", ".Spotlight-V100", ".AppleDouble"]
    guard name.bytes.first == UInt8(ascii: "."), !known.contains(name.text) else { return name.text }
    return "with a dot before their names"
  }

  /// Whether there is nothing to tell.
  package var isEmpty: Bool { files.isEmpty && ignored.isEmpty && unusedFolders.isEmpty }

  /// What to tell a user, a sentence each.
  package var notes: [String] {
    var notes: [String] = []
    if !files.isEmpty { notes.append("left out: \(Self.list(files)) (no JPEG, PNG or WebP)") }
    if !ignored.isEmpty { notes.append("ignored: \(Self.list(ignored)) (left by other programs)") }
    for (folder, count) in unusedFolders.sorted(by: { $0.key < $1.key }) {
      let place = folder.isEmpty ? "outside of all folders" : "in the folder \(folder)"
      notes.append("left out: \(count) images \(place), which is neither the training nor the test split")
    }
    return notes
  }

  /// "3 .gif, 1 .tif", the most frequent first.
  private static func list(_ counts: [String: Int]) -> String {
    let sorted = counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
    let named = sorted.prefix(kindsNamed).map { "\($0.value) \($0.key)" }
    let rest = sorted.dropFirst(kindsNamed).reduce(0) { $0 + $1.value }
    return (named + (rest > 0 ? ["\(rest) others"] : [])).joined(separator: ", ")
  }

  /// "3 .gif, 1 .tif" of the files that are no images by their names; nil if there are none.
  var filesText: String? { files.isEmpty ? nil : Self.list(files) }
}
