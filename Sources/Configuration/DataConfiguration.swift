package import Datasets
package import Operators
package import StrictYAML

/// The keys below `data`.
package struct DataConfiguration: YAMLRecord {
  /// Kind of dataset.
  package var format = DatasetFormat.digits
  /// Folder or archive of the dataset.
  package var path: String?
  /// IDX file of the training images, relative to the path.
  package var images: String?
  /// IDX file of the training labels.
  package var labels: String?
  /// IDX file of the test images.
  package var testImages: String?
  /// IDX file of the test labels.
  package var testLabels: String?
  /// Samples taken from the training data as test data.
  package var holdOut: Int?
  /// Size that images of folders and archives are brought to.
  package var size: Extent?
  /// 1 for grey, 3 for colour (folders and archives).
  package var channels: Int?
  /// Use so many training samples.
  package var trainCount: Int?
  /// Use so many test samples.
  package var testCount: Int?
  /// Number of classes, where the files do not tell (IDX).
  package var classes: Int?
  /// What a damaged image does: end the run, or be left out.
  package var onDamage = DamagePolicy.fail
  /// What EXIF's orientation does: turn the picture upright, or nothing.
  package var orientation = OrientationPolicy.apply
  /// Memory of each machine in which decoded images are kept.
  package var cache = ByteCount(1 << 30)
  /// Random changes of training images, in order.
  package var augment: [Augmentation] = []
  /// Mean and std of each channel, on the scale 0 to 1.
  package var normalize = NormalizationConfiguration()

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("format", \.format, "kind of dataset"),
    Field("path", \.path, "folder or archive of the dataset"),
    Field("images", \.images, "IDX file of the training images, relative to the path"),
    Field("labels", \.labels, "IDX file of the training labels"),
    Field("test-images", \.testImages, "IDX file of the test images"),
    Field("test-labels", \.testLabels, "IDX file of the test labels"),
    Field("hold-out", \.holdOut, "samples taken from the training data as test data", check: Bounds.positive),
    Field("size", \.size, "size that images of folders and archives are brought to", check: Bounds.imageSize),
    Field("channels", \.channels, "1 for grey, 3 for colour (folders and archives)", check: Bounds.channels),
    Field("train-count", \.trainCount, "use so many training samples", check: Bounds.positive),
    Field("test-count", \.testCount, "use so many test samples", check: Bounds.positive),
    Field("classes", \.classes, "number of classes, where the files do not tell (IDX)", check: Bounds.positive),
    Field("on-damage", \.onDamage, "what a damaged image does: end the run, or be left out"),
    Field(
      "orientation", \.orientation, "EXIF's orientation of an image: apply it, so that it stands upright, or ignore it"),
    Field(
      "cache", \.cache, "memory of each machine for decoded images (folders and archives); 0 keeps none",
      check: { $0.bytes <= 1 << 40 ? nil : "must be at most 1024GiB" }),
    Field("augment", \.augment, "random changes of training images, in order"),
    Field("normalize", \.normalize, "mean and std of each channel, on the scale 0 to 1"),
  ]

  package func problem() -> String? {
    if format != .digits, path == nil { return "format \(format.rawValue) needs the key 'path'" }
    return nil
  }

  /// What the dataset catalogue is asked for.
  package func request(seed: UInt64) -> DatasetRequest {
    DatasetRequest(
      format: format, path: path, images: images, labels: labels, testImages: testImages, testLabels: testLabels,
      holdOut: holdOut, size: size, channels: channels, trainCount: trainCount, testCount: testCount, classes: classes,
      seed: seed, onDamage: onDamage, orientation: orientation)
  }
}

/// Mean and standard deviation of the channels; one number serves all channels.
package struct NormalizationConfiguration: YAMLRecord {
  /// Mean of each channel.
  package var mean: [Float] = [0.5]
  /// Standard deviation of each channel.
  package var std: [Float] = [0.5]

  package init() {}

  package static let fields: [Field<Self>] = [
    Field("mean", \.mean, "mean of each channel"),
    Field(
      "std", \.std, "standard deviation of each channel",
      check: { $0.allSatisfy { $0 > 0 } ? nil : "must be above 0" }),
  ]

  package func problem() -> String? {
    let isSane = mean.count == std.count && [1, 3].contains(mean.count)
    return isSane ? nil : "mean and std must have one number or one per channel, both the same count"
  }

  /// The normalization of images with the given number of channels; nil if the counts do not match.
  package func normalization(channels: Int) -> Normalization? {
    if mean.count == channels { return Normalization(mean: mean, deviation: std) }
    guard mean.count == 1 else { return nil }
    return Normalization(
      mean: Array(repeating: mean[0], count: channels), deviation: Array(repeating: std[0], count: channels))
  }
}

extension DatasetFormat: YAMLValue {}
extension DamagePolicy: YAMLValue {}
extension OrientationPolicy: YAMLValue {}

extension Augmentation: YAMLChoice {
  package static let subject = "augmentation"

  package static let alternatives: [Alternative<Augmentation>] = [
    Alternative("random-crop", "pad with black, then cut out at a random place", RandomCropRecord.self) {
      .randomCrop(padding: $0.padding)
    } extract: {
      guard case .randomCrop(let padding) = $0 else { return nil }
      var record = RandomCropRecord()
      record.padding = padding
      return record
    },
    Alternative("horizontal-flip", "mirror every other image, at random", EmptyRecord.self) { _ in
      .horizontalFlip
    } extract: {
      $0 == .horizontalFlip ? EmptyRecord() : nil
    },
  ]
}

struct RandomCropRecord: YAMLRecord {
  /// Pixels added on each side.
  var padding = 4
  static let fields: [Field<Self>] = [
    Field(
      "padding", \.padding, "pixels added on each side",
      check: { (0...1024).contains($0) ? nil : "must be from 0 to 1024" })
  ]
}

/// A kind without keys.
struct EmptyRecord: YAMLRecord {
  static let fields: [Field<Self>] = []
}
