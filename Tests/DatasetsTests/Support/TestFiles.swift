import CZlib

/// Bytes of IDX and CIFAR files.
enum TestFiles {
  /// A big-endian 32-bit number.
  static func word(_ number: UInt32) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: number >> (24 - 8 * $0)) } }

  /// An IDX file of images whose byte i is i · 7.
  static func images(_ count: UInt32, _ height: UInt32 = 4, _ width: UInt32 = 5) -> [UInt8] {
    word(0x803) + word(count) + word(height) + word(width)
      + (0..<Int(count * height * width)).map { UInt8(truncatingIfNeeded: $0 * 7) }
  }

  /// An IDX file of labels.
  static func labels(_ labels: [UInt8]) -> [UInt8] { word(0x801) + word(UInt32(labels.count)) + labels }

  /// The labels 0, 1, 2, 0, 1, 2, …
  static func cycling(_ count: Int) -> [UInt8] { (0..<count).map { UInt8($0 % 3) } }

  /// One gzip member.
  static func gzipped(_ bytes: [UInt8]) -> [UInt8] {
    var stream = unsafe z_stream()
    // 15 + 16: the largest window, with gzip's wrapping.
    _ = unsafe deflateInit2_(
      &stream, 6, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    defer { _ = unsafe deflateEnd(&stream) }
    var source = bytes
    var target = [UInt8](repeating: 0, count: bytes.count + 1000)
    let length = unsafe source.withUnsafeMutableBufferPointer { source in
      unsafe target.withUnsafeMutableBufferPointer { target in
        unsafe stream.next_in = source.baseAddress
        unsafe stream.avail_in = UInt32(source.count)
        unsafe stream.next_out = target.baseAddress
        unsafe stream.avail_out = UInt32(target.count)
        _ = unsafe deflate(&stream, Z_FINISH)
        return unsafe Int(stream.total_out)
      }
    }
    return Array(target.prefix(length))
  }

  /// CIFAR records: the label bytes, then planes whose values tell channel and position.
  static func records(labels: [[UInt8]]) -> [UInt8] {
    labels.flatMap { label in
      label + (0..<3072).map { UInt8(truncatingIfNeeded: ($0 / 1024) * 80 + $0 % 1024 + Int(label.last ?? 0)) }
    }
  }
}
