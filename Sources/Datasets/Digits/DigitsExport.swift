import Foundation
import Operators

/// Writes the built-in digits as files.
package enum DigitsExport {
  /// Writes the four IDX files, with the names of MNIST's, into `directory`, which is made if need be.
  package static func writeIDX(to directory: String, train: Int = 20_000, test: Int = 4_000) throws(DatasetError) {
    let digits = try DatasetCatalog.open(DatasetRequest(format: .digits, trainCount: train, testCount: test))
    do {
      try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    } catch {
      throw DatasetError("\(directory): cannot be made; name a folder that you may write to")
    }
    try write(digits.train, to: directory, prefix: "train")
    try write(digits.test, to: directory, prefix: "t10k")
  }

  private static func write(
    _ source: any SampleSource, to directory: String, prefix: String
  ) throws(DatasetError) {
    let images = try IDXWriter(path: "\(directory)/\(prefix)-images-idx3-ubyte")
    let labels = try IDXWriter(path: "\(directory)/\(prefix)-labels-idx1-ubyte")
    try images.start(.images, dimensions: [source.count, source.shape.height, source.shape.width])
    try labels.start(.labels, dimensions: [source.count])
    var picture = [UInt8](repeating: 0, count: source.shape.count)
    for index in 0..<source.count {
      var pixels = picture.mutableSpan
      let label = try source.read(index, into: &pixels)
      try images.append(picture)
      try labels.append([UInt8(label)])
    }
    try images.finish()
    try labels.finish()
  }
}
