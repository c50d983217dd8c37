import Foundation
import Interchange

/// How values become JSON in all files of a run: keys in order, so that equal values are equal bytes; `inf`, `-inf`
/// and `nan`, which JSON lacks, as strings.
package enum RecordCoding {
  /// The JSON of `value`; on one line, or indented for reading.
  package static func encode(_ value: some Encodable, indented: Bool = false) throws -> [UInt8] {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    if indented { encoder.outputFormatting.insert(.prettyPrinted) }
    encoder.nonConformingFloatEncodingStrategy = .convertToString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    return [UInt8](try encoder.encode(value)) + [UInt8(ascii: "\n")]
  }

  /// The value whose JSON is `bytes`.
  ///
  /// - Parameter file: the file's name, for the message.
  /// - Throws: `CheckpointError` in plain words: the file, the key and what is wrong with it. A value may throw one of
  ///   its own, which goes behind the file's name.
  package static func decode<Value: Decodable>(
    _ type: Value.Type, from bytes: some Collection<UInt8>, of file: String = "the JSON"
  ) throws -> Value {
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    do {
      return try decoder.decode(type, from: Data(bytes))
    } catch let error as DecodingError {
      throw CheckpointError("\(file) \(plainWords(error))")
    } catch let error as CheckpointError {
      throw CheckpointError("\(file) \(error)")
    }
  }

  /// The decoder's findings as people say them; it goes behind a file's name.
  private static func plainWords(_ error: DecodingError) -> String {
    switch error {
    case .keyNotFound(let key, let context): "lacks the key '\(path(context.codingPath + [key]))'"
    case .valueNotFound(let type, let context): "has null at '\(path(context.codingPath))' instead of \(noun(type))"
    case .typeMismatch(let type, let context):
      context.codingPath.isEmpty
        ? "is no JSON object" : "has something else than \(noun(type)) at '\(path(context.codingPath))'"
    case .dataCorrupted(let context):
      context.codingPath.isEmpty
        ? "is cut off or is no JSON" : "has a value that cannot be at '\(path(context.codingPath))'"
    @unknown default: "cannot be understood"
    }
  }

  private static func path(_ keys: [any CodingKey]) -> String {
    keys.map { $0.intValue.map(String.init) ?? $0.stringValue }.joined(separator: ".")
  }

  private static func noun(_ type: any Any.Type) -> String {
    switch type {
    case is Int.Type, is UInt64.Type, is UInt.Type: "a whole number"
    case is Double.Type, is Float.Type: "a number"
    case is String.Type: "a text"
    case is Bool.Type: "true or false"
    default: "\(type)".hasPrefix("Array") ? "a list" : "an object"
    }
  }
}
