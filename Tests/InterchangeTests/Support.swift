import Foundation
import Interchange
import Randomness

/// The bytes of a file whose header is `header`, unpadded, followed by `count` zeros.
func file(header: String, dataCount count: Int) -> [UInt8] {
  let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
  return length + Array(header.utf8) + [UInt8](repeating: 0, count: count)
}

/// Seeded tensors with random names, shapes (empty ones and scalars too) and bits (NaNs too).
func randomTensors(seed: UInt64) -> [NamedTensor] {
  var random = RandomStream(seed: seed, purpose: .testing)
  return (0..<random.integer(below: 6)).map { index in
    let shape = (0..<random.integer(below: 4)).map { _ in random.integer(below: 5) }
    let count = shape.reduce(1, *)
    let name = "\(["conv", "a\"\\/\n", "\u{1F600}é", ""][random.integer(below: 4)])\(index)"
    let elements: TensorElements =
      random.integer(below: 3) == 0
      ? .int64((0..<count).map { _ in Int64(bitPattern: UInt64(random.next()) << 32 | UInt64(random.next())) })
      : .float32((0..<count).map { _ in Float(bitPattern: random.next()) })
    return NamedTensor(name: name, shape: shape, elements: elements)
  }
}

extension TensorElements {
  /// The elements as bits, so that NaN equals itself.
  var bits: [UInt64] {
    switch self {
    case .float32(let values): values.map { UInt64($0.bitPattern) }
    case .int64(let values): values.map { UInt64(bitPattern: $0) }
    }
  }
}
