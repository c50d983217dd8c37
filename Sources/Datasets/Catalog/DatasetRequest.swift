package import Operators

/// The formats that can be read.
package enum DatasetFormat: String, CaseIterable, Hashable, Sendable, Codable {
  /// The built-in handwritten-looking digits; no file is needed.
  case digits
  /// MNIST's format, plain or gzipped.
  case idx
  /// The binary version of CIFAR-10.
  case cifar10
  /// The binary version of CIFAR-100, with its fine labels.
  case cifar100
  /// JPEG, PNG and WebP files in one folder per class.
  case imageFolder = "image-folder"
  /// A tar archive of such folders, read in place.
  case tar
}

/// What happens to samples that cannot be read.
package enum DamagePolicy: String, CaseIterable, Hashable, Sendable, Codable {
  /// The first one ends the run with an error that names it.
  case fail
  /// All samples are read once when the data set is opened; damaged ones are left out and listed.
  case skip
}

/// Which data to open: the `data` section of a configuration.
package struct DatasetRequest: Hashable, Sendable {
  /// The kind of dataset.
  package var format: DatasetFormat

  /// The folder or archive; `digits` needs none.
  package var path: String?

  /// IDX file of the training images, relative to `path`; the usual names are tried if it is nil.
  package var images: String?

  /// IDX file of the training labels, likewise.
  package var labels: String?

  /// IDX file of the test images, likewise.
  package var testImages: String?

  /// IDX file of the test labels, likewise.
  package var testLabels: String?

  /// How many training samples become the test split (instead of the data's own, if it has one).
  package var holdOut: Int?

  /// The size to which images of folders and archives are brought: scaled to cover it, then cropped at the centre.
  package var size: Extent?

  /// 1 (grey) or 3 (colour), for folders and archives; 3 if nil.
  package var channels: Int?

  /// How many training samples to use, a choice that depends on the seed; nil: all (digits: 20,000).
  package var trainCount: Int?

  /// How many test samples to use, likewise; nil: all (digits: 4,000).
  package var testCount: Int?

  /// The number of classes, for IDX files whose labels do not show it; nil: up to the first class without a sample.
  package var classes: Int?

  /// The run's seed; decides which samples are held out or chosen.
  package var seed: UInt64

  /// What happens to samples that cannot be read.
  package var onDamage: DamagePolicy

  /// What is done about EXIF's orientation, for folders and archives.
  package var orientation: OrientationPolicy

  /// Whether the data is opened to be looked at: then damage neither fails nor is left out.
  package var isSurvey = false

  /// A request; everything but the format has a default.
  package init(
    format: DatasetFormat, path: String? = nil, images: String? = nil, labels: String? = nil,
    testImages: String? = nil, testLabels: String? = nil, holdOut: Int? = nil, size: Extent? = nil,
    channels: Int? = nil, trainCount: Int? = nil, testCount: Int? = nil, classes: Int? = nil, seed: UInt64 = 1,
    onDamage: DamagePolicy = .fail, orientation: OrientationPolicy = .apply
  ) {
    self.format = format
    self.path = path
    self.images = images
    self.labels = labels
    self.testImages = testImages
    self.testLabels = testLabels
    self.holdOut = holdOut
    self.size = size
    self.channels = channels
    self.trainCount = trainCount
    self.testCount = testCount
    self.classes = classes
    self.seed = seed
    self.onDamage = onDamage
    self.orientation = orientation
  }
}
