import Operators

/// What a format's files hold, before samples are held out, chosen or left out.
struct OpenedSplits {
  var train: any SampleSource

  /// The data's own test split, if it has one.
  var test: (any SampleSource)?

  /// What to say if there is none and none was held out: what was looked for.
  var withoutTest: String

  /// What lies among the samples and is not used.
  var leftOut = LeftOut()
}

extension DatasetRequest {
  /// The folder or archive, which every format but `digits` needs.
  func requiredPath() throws(DatasetError) -> String {
    guard let path, !path.isEmpty else {
      throw DatasetError("data.path is missing: the format \(format.rawValue) needs the place of its files")
    }
    return path
  }

  /// Fails if the request asks for another shape than the format has.
  func checkFixedShape(of source: any SampleSource) throws(DatasetError) {
    let shape = source.shape
    if let size, size.height != shape.height || size.width != shape.width {
      throw DatasetError(
        "data.size is \(size), but the images are \(shape); remove it: only image-folder and tar resize images")
    }
    if let channels, channels != shape.channels {
      throw DatasetError(
        "data.channels is \(channels), but the images are \(shape); remove it: only image-folder and tar "
          + "convert colours")
    }
  }
}
