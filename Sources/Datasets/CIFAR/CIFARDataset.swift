/// Finds and opens the files of CIFAR's binary versions.
enum CIFARDataset {
  /// Opens all training files and, if it is there, the test file.
  static func open(_ request: DatasetRequest, _ layout: CIFARLayout) throws(DatasetError) -> OpenedSplits {
    let folder = try place(of: layout, in: request.requiredPath())
    let missing = layout.trainFiles.filter { !FileTree.isFile(folder + "/" + $0) }
    guard missing.isEmpty else {
      throw DatasetError(
        "\(folder): \(missing.joined(separator: ", ")) is missing; set data.path to the folder of the binary version "
          + "of " + layout.format)
    }
    let names = try classNames(layout, in: folder)
    let source = { (split: String, files: [String]) throws(DatasetError) in
      try CIFARSource(split: split, paths: files.map { folder + "/" + $0 }, layout: layout, classNames: names)
    }
    let hasTest = FileTree.isFile(folder + "/" + layout.testFile)
    return OpenedSplits(
      train: try source("train", layout.trainFiles), test: hasTest ? try source("test", [layout.testFile]) : nil,
      withoutTest: "\(folder): \(layout.testFile) is missing; fetch it, or set data.hold-out")
  }

  /// The archives unpack to a folder of their own; its parent will do as a path.
  private static func place(of layout: CIFARLayout, in path: String) -> String {
    let inner = path + "/" + layout.folder
    return FileTree.entry(at: inner) == .folder ? inner : path
  }

  private static func classNames(_ layout: CIFARLayout, in folder: String) throws(DatasetError) -> [String] {
    let path = folder + "/" + layout.classNamesFile
    guard case .file(let size) = FileTree.entry(at: path), size <= 1 << 16 else { return layout.defaultClassNames }
    let file = try DiskFile(path: path, name: layout.classNamesFile)
    let text = String(decoding: try file.bytes(at: 0, file.count), as: UTF8.self)
    let names = text.split { $0.isNewline || $0 == " " }.map(String.init)
    return names.count == layout.defaultClassNames.count ? names : layout.defaultClassNames
  }
}
