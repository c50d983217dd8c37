/// Finds and opens the IDX files of a request.
enum IDXDataset {
  /// Opens the training pair and, where there is one, the test pair.
  static func open(_ request: DatasetRequest) throws(DatasetError) -> OpenedSplits {
    let folder = try request.requiredPath()
    guard case .folder = FileTree.entry(at: folder) else {
      throw DatasetError("\(folder): is not a folder; set data.path to the folder of the IDX files")
    }
    guard (1...256).contains(request.classes ?? 1) else {
      throw DatasetError("data.classes is \(request.classes ?? 0); set it to 1...256")
    }
    guard let names = try trainNames(request, in: folder) else { throw nothingFound(in: folder) }
    let train = try source("train", names, in: folder, classes: request.classes)
    let test = try testNames(request, in: folder).map { (names) throws(DatasetError) in
      try source("test", names, in: folder, classes: train.classNames.count)
    }
    if let test, test.shape != train.shape {
      throw DatasetError(
        "\(folder): the test images are \(test.shape), but the training images are \(train.shape); check "
          + "data.test-images")
    }
    return OpenedSplits(
      train: train, test: test,
      withoutTest: "\(folder): no test images were found; name data.test-images and data.test-labels, or set "
        + "data.hold-out")
  }

  private typealias Pair = (images: String, labels: String)

  private static func trainNames(_ request: DatasetRequest, in folder: String) throws(DatasetError) -> Pair? {
    try explicit(request.images, request.labels, keys: ("data.images", "data.labels"))
      ?? pair(prefix: "train", in: folder)
  }

  /// Once the training files are named, a test split that is not named may be the very same files.
  private static func testNames(_ request: DatasetRequest, in folder: String) throws(DatasetError) -> Pair? {
    if let named = try explicit(
      request.testImages, request.testLabels, keys: ("data.test-images", "data.test-labels"))
    {
      return named
    }
    return request.images == nil ? pair(prefix: "t10k", in: folder) : nil
  }

  private static func explicit(
    _ images: String?, _ labels: String?, keys: (String, String)
  ) throws(DatasetError) -> Pair? {
    switch (images, labels) {
    case (let images?, let labels?): return (images, labels)
    case (nil, nil): return nil
    case (nil, _): throw DatasetError("\(keys.0) is missing: it belongs to \(keys.1)")
    case (_, nil): throw DatasetError("\(keys.1) is missing: it belongs to \(keys.0)")
    }
  }

  private static func pair(prefix: String, in folder: String) -> Pair? {
    guard let images = spellings(prefix, "images", 3).first(where: { FileTree.isFile(folder + "/" + $0) }),
      let labels = spellings(prefix, "labels", 1).first(where: { FileTree.isFile(folder + "/" + $0) })
    else { return nil }
    return (images, labels)
  }

  private static func spellings(_ prefix: String, _ what: String, _ rank: Int) -> [String] {
    ["-idx", ".idx"].flatMap { separator in
      ["", ".gz"].map { "\(prefix)-\(what)\(separator)\(rank)-ubyte\($0)" }
    }
  }

  private static func nothingFound(in folder: String) -> DatasetError {
    DatasetError(
      "\(folder): holds neither train-images-idx3-ubyte and train-labels-idx1-ubyte nor the same with .gz; name the "
        + "files with data.images and data.labels (with data.hold-out if there is no test split)")
  }

  private static func source(
    _ split: String, _ names: Pair, in folder: String, classes: Int?
  ) throws(DatasetError) -> IDXSource {
    try IDXSource(
      split: split,
      images: IDXFile(path: folder + "/" + names.images, name: names.images, kind: .images),
      labels: IDXFile(path: folder + "/" + names.labels, name: names.labels, kind: .labels), classes: classes)
  }
}
