/// What a safetensors file holds.
package struct SafeTensorsFile: Sendable, Equatable {
  /// The tensors by name.
  package var tensors: [String: NamedTensor]
  /// Free text by key.
  package var metadata: [String: String]

  /// The contents of a file.
  package init(tensors: [String: NamedTensor], metadata: [String: String]) {
    self.tensors = tensors
    self.metadata = metadata
  }

  /// All tensors in the order of their names.
  package var inNameOrder: [NamedTensor] { Array(tensors.values).inNameOrder() }
}

/// The safetensors format: 8 bytes of header length, a JSON header, and the numbers.
///
/// Source: the format section of https://github.com/huggingface/safetensors (README). Files are written with the bytes
/// that the reference library would write: wider element types first, so that all are aligned, then by name.
package enum SafeTensors {
  /// The longest header that the format allows, in bytes.
  private static let longestHeader = 100_000_000

  /// The bytes of a file with the given tensors and metadata: the same for the same tensors in any order.
  ///
  /// Fails on a name that occurs twice or is `__metadata__`, and on a shape that is not that of the elements.
  package static func encode(
    _ tensors: [NamedTensor], metadata: [String: String] = [:]
  ) throws(InterchangeError) -> [UInt8] {
    let ordered = try checked(tensors).sorted(by: standsBefore)
    var header = SafeTensorsHeader(metadata: metadata)
    var end = 0
    for tensor in ordered {
      let begin = end
      end += tensor.elements.byteCount
      header.entries.append(
        .init(name: tensor.name, type: tensor.elements.type, shape: tensor.shape, begin: begin, end: end))
    }
    let text = header.encoded()
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + text.count + end)
    for shift in 0..<8 { bytes.append(UInt8(truncatingIfNeeded: text.count >> (8 * shift))) }
    bytes += text
    for tensor in ordered { tensor.elements.append(to: &bytes) }
    return bytes
  }

  /// Writes a file as a whole: a crash leaves the former file or the new one.
  package static func write(
    _ tensors: [NamedTensor], metadata: [String: String] = [:], to path: String
  ) throws(InterchangeError) {
    let bytes = try encode(tensors, metadata: metadata)
    do {
      try Disk.replace(path, with: bytes)
    } catch {
      throw InterchangeError(error.description)
    }
  }

  /// Reads the file at `path`.
  ///
  /// F64, F16 and BF16 become float32; whole numbers and truth values become int64. Whatever does not hold to the
  /// format is refused with a message that names the file.
  package static func read(_ path: String) throws(InterchangeError) -> SafeTensorsFile {
    let bytes: [UInt8]
    do {
      bytes = try Disk.read(path)
    } catch {
      throw InterchangeError(error.description)
    }
    return try decode(bytes, from: path)
  }

  /// Reads the bytes of a file; `source` is its name for messages.
  package static func decode(_ bytes: [UInt8], from source: String) throws(InterchangeError) -> SafeTensorsFile {
    do throws(InterchangeError) {
      let dataStart = 8 + (try headerLength(of: bytes))
      var parser = SafeTensorsHeaderParser(Array(bytes[8..<dataStart]))
      let header = try parser.parse()
      try checkCount(bytes.count, needed: dataStart, plus: try header.validated())
      return SafeTensorsFile(tensors: tensors(header, of: bytes, from: dataStart), metadata: header.metadata)
    } catch {
      throw InterchangeError("\(source): \(error.message)")
    }
  }
}

extension SafeTensors {
  private static func standsBefore(_ left: NamedTensor, _ right: NamedTensor) -> Bool {
    let widths = (left: left.elements.type.width, right: right.elements.type.width)
    if widths.left != widths.right { return widths.left > widths.right }
    return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
  }

  private static func tensors(
    _ header: SafeTensorsHeader, of bytes: [UInt8], from dataStart: Int
  ) -> [String: NamedTensor] {
    var tensors: [String: NamedTensor] = [:]
    for entry in header.entries {
      let place = (dataStart + entry.begin)..<(dataStart + entry.end)
      tensors[entry.name] = NamedTensor(
        name: entry.name, shape: entry.shape, elements: entry.type.elements(place, of: bytes))
    }
    return tensors
  }

  private static func headerLength(of bytes: [UInt8]) throws(InterchangeError) -> Int {
    guard bytes.count >= 8 else {
      throw InterchangeError(
        "has \(bytes.count) bytes, a safetensors file at least 8; it is cut or of another kind")
    }
    let length = (0..<8).reduce(UInt64(0)) { $0 | UInt64(bytes[$1]) << UInt64(8 * $1) }
    guard length <= longestHeader else {
      throw InterchangeError(
        "announces a header of \(length) bytes where the format allows \(longestHeader); "
          + "it is damaged or no safetensors file")
    }
    guard length <= bytes.count - 8 else {
      throw InterchangeError(cut(bytes.count, "at least \(8 + length)"))
    }
    return Int(length)
  }

  private static func checkCount(_ count: Int, needed start: Int, plus data: Int) throws(InterchangeError) {
    let expected = start.addingReportingOverflow(data)
    guard !expected.overflow, expected.partialValue <= count else {
      throw InterchangeError(cut(count, "\(start) of header and \(data) of data"))
    }
    guard expected.partialValue == count else {
      throw InterchangeError(
        "holds \(count - expected.partialValue) bytes after its last tensor (it has \(count), its header "
          + "asks for \(expected.partialValue)); it may be damaged, fetch it again")
    }
  }

  private static func cut(_ count: Int, _ expected: String) -> String {
    "is cut: it has \(count) bytes where its header asks for \(expected); fetch it again"
  }

  private static func checked(_ tensors: [NamedTensor]) throws(InterchangeError) -> [NamedTensor] {
    var names: Set = ["__metadata__"]
    for tensor in tensors {
      guard names.insert(tensor.name).inserted else {
        throw InterchangeError("the tensor name '\(tensor.name)' is taken; give each tensor its own name")
      }
      guard tensor.shape.allSatisfy({ $0 >= 0 }), elementCount(tensor.shape) == tensor.elements.count else {
        throw InterchangeError(
          "tensor '\(tensor.name)' has \(tensor.elements.count) elements, its shape is \(tensor.shape)")
      }
    }
    return tensors
  }

  /// The product of the sizes; nil where it does not fit.
  private static func elementCount(_ shape: [Int]) -> Int? {
    shape.reduce(1) { count, size in
      guard let product = count?.multipliedReportingOverflow(by: size), !product.overflow else { return nil }
      return product.partialValue
    }
  }
}

/// A file that cannot be read or written as asked: what, where, and the remedy.
package struct InterchangeError: Error, Equatable, CustomStringConvertible {
  /// One sentence for the user.
  package let message: String

  /// An error with its sentence.
  package init(_ message: String) { self.message = message }

  package var description: String { message }
}
