import Foundation
import Interchange

/// A file of a run that cannot be written or read: what, where, and the remedy.
package struct RecordError: Error, Equatable, CustomStringConvertible {
  /// One sentence for the user.
  package let message: String

  /// An error with its sentence.
  package init(message: String) { self.message = message }

  package var description: String { message }
}

/// How values become JSON in all files of a run: keys in order, so that equal values are equal bytes; `inf`, `-inf`
/// and `nan`, which JSON lacks, as strings.
enum RecordCoding {
  /// The JSON of `value`; on one line, or indented for reading.
  static func encode(_ value: some Encodable, indented: Bool = false) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if indented { encoder.outputFormatting.insert(.prettyPrinted) }
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
  }

  /// The value whose JSON is `bytes`.
  static func decode<Value: Decodable>(_ type: Value.Type, from bytes: some Collection<UInt8>) throws -> Value {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return try decoder.decode(type, from: Data(bytes))
  }
}
