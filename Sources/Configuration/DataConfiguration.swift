package import Datasets
import Operators
package import StrictYAML

/// The keys below `data`: what to read, and what becomes of it.
@dynamicMemberLookup
package struct DataConfiguration: YAMLRecord {
  /// What to read; the seed is the run's, see `request(seed:)`.
  package var request = DatasetRequest(format: .digits)
  /// Memory of each machine in which decoded images are kept.
  package var cache = ByteCount(1 << 30)
  package var augment: [Augmentation] = []
  package var normalize = NormalizationConfiguration()

  package init() {}

  /// The parts of the request stand beside the other keys.
  package subscript<Value>(dynamicMember part: WritableKeyPath<DatasetRequest, Value>) -> Value {
    get { request[keyPath: part] }
    set { request[keyPath: part] = newValue }
  }

  package static let fields: [Field<Self>] = [
    Field("format", \.request.format, "kind of dataset"),
    Field("path", \.request.path, "folder or archive of the dataset"),
    Field("images", \.request.images, "IDX file of the training images, relative to the path"),
    Field("labels", \.request.labels, "IDX file of the training labels"),
    Field("test-images", \.request.testImages, "IDX file of the test images"),
    Field("test-labels", \.request.testLabels, "IDX file of the test labels"),
    Field("hold-out", \.request.holdOut, "samples taken from the training data as test data", check: Bounds.positive),
    Field("size", \.request.size, "size that images of folders and archives are brought to", check: Bounds.imageSize),
    Field("channels", \.request.channels, "1 for grey, 3 for colour (folders and archives)", check: Bounds.channels),
    Field("train-count", \.request.trainCount, "use so many training samples", check: Bounds.positive),
    Field("test-count", \.request.testCount, "use so many test samples", check: Bounds.positive),
    Field("classes", \.request.classes, "number of classes, where the files do not tell (IDX)", check: Bounds.positive),
    Field("on-damage", \.request.onDamage, "what a damaged image does: end the run, or be left out"),
    Field(
      "orientation", \.request.orientation,
      "EXIF's orientation of an image: apply it, so that it stands upright, or ignore it"),
    Field(
      "cache", \.cache, "memory of each machine for decoded images (folders and archives); 0 keeps none",
      check: { $0.bytes <= 1 << 40 ? nil : "must be at most 1024GiB" }),
    Field("augment", \.augment, "random changes of training images, in order"),
    Field("normalize", \.normalize, "mean and std of each channel, on the scale 0 to 1"),
  ]

  package func problem() -> String? {
    if request.format != .digits, request.path == nil {
      return "format \(request.format.rawValue) needs the key 'path'"
    }
    return nil
  }

  /// What the dataset catalogue is asked for.
  package func request(seed: UInt64) -> DatasetRequest {
    var request = request
    request.seed = seed
    return request
  }
}

/// Mean and standard deviation of the channels; one number serves all channels.
package struct NormalizationConfiguration: YAMLRecord {
  package var mean: [Float] = [0.5]
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
