import Operators

/// A source whose samples are decoded once and then come from a cache.
struct CachedSource: SampleSource {
  private let base: any SampleSource
  private let cache: ImageCache
  private let firstSlot: Int

  /// The samples of `base`, kept in the slots from `firstSlot` on.
  init(_ base: any SampleSource, cache: ImageCache, firstSlot: Int) {
    self.base = base
    self.cache = cache
    self.firstSlot = firstSlot
  }

  var count: Int { base.count }
  var shape: Shape { base.shape }
  var classNames: [String] { base.classNames }
  var decodes: Bool { base.decodes }

  func name(of index: Int) -> String { base.name(of: index) }

  func orientation(of index: Int) throws(DatasetError) -> Orientation { try base.orientation(of: index) }

  func label(of index: Int) -> Int { base.label(of: index) }

  func content(report: (String) -> Void) throws(DatasetError) -> SplitContent { try base.content(report: report) }

  func read(_ index: Int, into pixels: inout MutableSpan<UInt8>) throws(DatasetError) -> Int {
    if cache.read(firstSlot + index, into: &pixels) { return base.label(of: index) }
    let label = try base.read(index, into: &pixels)
    cache.keep(pixels.span, in: firstSlot + index)
    return label
  }
}

extension Dataset {
  /// The number of bytes that keep all decoded images, or as many as `limit` allows; 0 where nothing is decoded.
  package func cacheByteCount(limit: Int) -> Int {
    guard train.decodes else { return 0 }
    return ImageCache.byteCount(images: train.count + test.count, imageLength: train.shape.count, limit: limit)
  }

  /// The same data, with decoded images kept in `memory`: those of the training split first, then those of the test
  /// split.
  package func cached(in memory: SharedMemory) -> (dataset: Dataset, cache: ImageCache) {
    let cache = ImageCache(memory: memory, imageLength: train.shape.count)
    let dataset = Dataset(
      train: CachedSource(train, cache: cache, firstSlot: 0),
      test: CachedSource(test, cache: cache, firstSlot: train.count), name: name, notes: notes,
      leftOut: leftOut)
    return (dataset, cache)
  }
}
