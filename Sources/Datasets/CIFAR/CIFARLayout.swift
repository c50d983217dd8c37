/// The two binary versions of CIFAR: which files there are and how a record is laid out.
///
/// A record is one label byte (CIFAR-10) or a coarse and a fine one (CIFAR-100), then the red, the green and the blue
/// plane, row by row. Source: Krizhevsky, "Learning multiple layers of features from tiny images", 2009, and the data
/// set's page.
struct CIFARLayout: Sendable {
  static let side = 32
  static let pixels = 3 * side * side

  let format: String
  let folder: String
  let trainFiles: [String]
  let testFile: String
  let labelLength: Int
  let classNamesFile: String
  let defaultClassNames: [String]

  /// The length of a record in bytes; its last label is the one that counts.
  var recordLength: Int { labelLength + Self.pixels }

  static let ten = CIFARLayout(
    format: "CIFAR-10", folder: "cifar-10-batches-bin", trainFiles: (1...5).map { "data_batch_\($0).bin" },
    testFile: "test_batch.bin", labelLength: 1, classNamesFile: "batches.meta.txt",
    defaultClassNames: [
      "airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck",
    ])

  static let hundred = CIFARLayout(
    format: "CIFAR-100", folder: "cifar-100-binary", trainFiles: ["train.bin"], testFile: "test.bin", labelLength: 2,
    classNamesFile: "fine_label_names.txt", defaultClassNames: (0..<100).map(String.init))
}
