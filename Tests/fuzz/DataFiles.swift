import Datasets
import Operators

extension Target {
  /// Readers of images and labels.
  static let dataFiles = [
    Target("idx", idx),
    Target("cifar", cifar),
    Target("tar") { bytes in
      tar(bytes)
      tar(TarRepair.repaired(bytes))
    },
    Target("image") { bytes in
      image(bytes)
      image(PNGRepair.repaired(bytes))
    },
  ]

  /// A byte with the length of the labels' file, that file, and the images' file.
  @Sendable private static func idx(_ bytes: [UInt8]) {
    let labels = bytes.dropFirst().prefix(Int(bytes.first ?? 0))
    Scratch.write(Array(labels), to: "idx/train-labels-idx1-ubyte")
    Scratch.write(Array(bytes.dropFirst(1 + labels.count)), to: "idx/train-images-idx3-ubyte")
    read(DatasetRequest(format: .idx, path: Scratch.path + "/idx", holdOut: 1))
  }

  /// The training file of CIFAR-100; a first byte that is odd makes it those of CIFAR-10.
  @Sendable private static func cifar(_ bytes: [UInt8]) {
    let rest = Array(bytes.dropFirst())
    if (bytes.first ?? 0) & 1 == 0 {
      Scratch.write(rest, to: "cifar100/train.bin")
      read(DatasetRequest(format: .cifar100, path: Scratch.path + "/cifar100", holdOut: 1))
    } else {
      for number in 1...5 { Scratch.write(rest, to: "cifar10/data_batch_\(number).bin") }
      read(DatasetRequest(format: .cifar10, path: Scratch.path + "/cifar10", holdOut: 1))
    }
  }

  private static func tar(_ bytes: [UInt8]) {
    Scratch.write(bytes, to: "images.tar")
    read(DatasetRequest(format: .tar, path: Scratch.path + "/images.tar", holdOut: 1))
    read(
      DatasetRequest(
        format: .tar, path: Scratch.path + "/images.tar", size: Extent(height: 3, width: 5), channels: 1,
        onDamage: .skip))
  }

  /// A folder of two classes with that image in each.
  private static func image(_ bytes: [UInt8]) {
    for name in ["a", "b"] { Scratch.write(bytes, to: "folder/\(name)/image.png") }
    let path = Scratch.path + "/folder"
    read(DatasetRequest(format: .imageFolder, path: path, holdOut: 1))
    read(
      DatasetRequest(
        format: .imageFolder, path: path, holdOut: 1, size: Extent(height: 7, width: 4), channels: 1))
  }

  /// Opens the data and reads a few samples of each split.
  private static func read(_ request: DatasetRequest) {
    do throws(DatasetError) {
      let data = try DatasetCatalog.open(request)
      for source in [data.train, data.test] {
        let summary = DatasetSummary(of: source, sampling: 4, surveying: 4)
        law(summary.classCounts.count == source.classNames.count, "each class is counted")
      }
    } catch {
      law(!error.description.isEmpty, "an error has a sentence")
    }
  }
}

/// Gives the headers of a damaged archive right checksums, without which nothing behind them is reached.
private enum TarRepair {
  static func repaired(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for start in stride(from: 0, to: bytes.count - 511, by: 512)
    where bytes[(start + 257)..<(start + 262)].elementsEqual("ustar".utf8) {
      let field = (start + 148)..<(start + 156)
      let sum = (start..<start + 512).reduce(0) { $0 + (field.contains($1) ? 32 : Int(bytes[$1])) }
      let digits = String(sum, radix: 8)
      let text = String(repeating: "0", count: 6 - digits.count) + digits + "\0 "
      bytes.replaceSubrange(field, with: text.utf8)
    }
    return bytes
  }
}

/// Gives the chunks of a damaged PNG file right checksums, likewise.
private enum PNGRepair {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { crc, _ in crc & 1 == 1 ? 0xEDB8_8320 ^ crc >> 1 : crc >> 1 }
  }

  static func repaired(_ bytes: [UInt8]) -> [UInt8] {
    var bytes = bytes
    var place = 8
    while place + 12 <= bytes.count {
      let length = bytes[place..<place + 4].reduce(0) { $0 << 8 | Int($1) }
      guard length <= bytes.count - place - 12 else { break }
      let end = place + 8 + length
      let crc = ~bytes[(place + 4)..<end].reduce(~0 as UInt32) {
        table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] ^ $0 >> 8
      }
      for index in 0..<4 { bytes[end + index] = UInt8(truncatingIfNeeded: crc >> UInt32(24 - 8 * index)) }
      place = end + 4
    }
    return bytes
  }
}
