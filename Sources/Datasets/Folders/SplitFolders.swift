/// Which top folders of a data set are its splits. Their names count in any case.
struct SplitFolders {
  private static let trainNames = Set(["train", "training"].map { FileName($0) })
  /// Names of the test split; a folder of an earlier line goes before one of a later.
  private static let testNames = [
    Set(["test", "testing"].map { FileName($0) }), Set(["val", "valid", "validation"].map { FileName($0) }),
  ]

  /// nil if the classes lie at the top.
  let train: FileName?
  let test: FileName?

  /// The top folders whose images are used; nil for all.
  var used: [FileName]? { train.map { [$0, test].compactMap(\.self) } }

  /// Whether a folder's name is that of a split.
  static func isSplit(_ name: FileName) -> Bool {
    trainNames.contains(name.lowercased) || testNames.contains { $0.contains(name.lowercased) }
  }

  /// Finds the splits of a listing.
  init(of listing: ImageListing) throws(DatasetError) {
    let folders = listing.topFolders
    let train = try Self.only(folders, named: Self.trainNames, in: listing)
    let tests = try Self.testNames.map { (names) throws(DatasetError) in
      try Self.only(folders, named: names, in: listing)
    }
    let test = tests.compactMap(\.self).first
    // A folder of images alone, beside others, is a class that happens to have such a name: a train is a vehicle.
    let isClass = { (name: FileName?) in
      name.map { folders.count > 1 && !listing.hasFolders(below: $0) } ?? true
    }
    if train == nil || test == nil, isClass(train), isClass(test) {
      (self.train, self.test) = (nil, nil)
      return
    }
    guard train != nil else {
      throw DatasetError(
        "\(listing.place): holds a folder \(test?.text ?? "test") but no folder train; put both there")
    }
    (self.train, self.test) = (train, test)
  }

  private static func only(
    _ folders: [FileName], named names: Set<FileName>, in listing: ImageListing
  ) throws(DatasetError) -> FileName? {
    let found = folders.filter { names.contains($0.lowercased) }
    guard found.count <= 1 else {
      throw DatasetError(
        "\(listing.place): \(found.map(\.text).joined(separator: " and ")) may both be meant as the same split; rename "
          + "or remove one")
    }
    return found.first
  }
}
