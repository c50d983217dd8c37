/// The element types of safetensors that can be read. Floating-point types become `float32`, whole numbers and
/// truth values `int64`; F64 is rounded, all others keep their value.
enum ElementType: String, CaseIterable {
  case float64 = "F64", float32 = "F32", float16 = "F16", bfloat16 = "BF16"
  case int64 = "I64", int32 = "I32", int16 = "I16", int8 = "I8"
  case uint32 = "U32", uint16 = "U16", uint8 = "U8", bool = "BOOL"

  /// The bytes of one element.
  var width: Int {
    switch self {
    case .float64, .int64: 8
    case .float32, .int32, .uint32: 4
    case .float16, .bfloat16, .int16, .uint16: 2
    case .int8, .uint8, .bool: 1
    }
  }
}

extension TensorElements {
  /// The type under which these elements are written.
  var type: ElementType {
    switch self {
    case .float32: .float32
    case .int64: .int64
    }
  }
}

// The elements are little-endian in the file, and moved in one piece.
#if !_endian(little)
  #error("cnn-dist reads and writes tensors on little-endian machines only")
#endif

extension ElementType {
  /// The elements that lie in `range` of `bytes`, whose length is a multiple of the width.
  func elements(_ range: Range<Int>, of bytes: [UInt8]) -> TensorElements {
    switch self {
    case .float32: .float32(copied(range, of: bytes))
    case .int64: .int64(copied(range, of: bytes))
    case .float64: .float32(converted(range, of: bytes) { (value: Double) in Float(value) })
    case .float16: .float32(converted(range, of: bytes) { (value: Float16) in Float(value) })
    case .bfloat16: .float32(converted(range, of: bytes) { (bits: UInt16) in Float(bitPattern: UInt32(bits) << 16) })
    case .int32: .int64(converted(range, of: bytes) { (value: Int32) in Int64(value) })
    case .int16: .int64(converted(range, of: bytes) { (value: Int16) in Int64(value) })
    case .int8: .int64(converted(range, of: bytes) { (value: Int8) in Int64(value) })
    case .uint32: .int64(converted(range, of: bytes) { (value: UInt32) in Int64(value) })
    case .uint16: .int64(converted(range, of: bytes) { (value: UInt16) in Int64(value) })
    case .uint8: .int64(converted(range, of: bytes) { (value: UInt8) in Int64(value) })
    case .bool: .int64(converted(range, of: bytes) { (value: UInt8) in value == 0 ? 0 : 1 })
    }
  }
}

extension TensorElements {
  /// Appends the elements to `bytes`, little-endian.
  func append(to bytes: inout [UInt8]) {
    switch self {
    case .float32(let values): unsafe values.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    case .int64(let values): unsafe values.withUnsafeBytes { unsafe bytes.append(contentsOf: $0) }
    }
  }
}

/// The values stored in `range` of `bytes`, copied as they are.
private func copied<Value: BitwiseCopyable>(_ range: Range<Int>, of bytes: [UInt8]) -> [Value] {
  let count = range.count / MemoryLayout<Value>.stride
  // The slice is bounds-checked, and as long as `count` values.
  return unsafe [Value](unsafeUninitializedCapacity: count) { buffer, initialized in
    unsafe bytes[range].withUnsafeBytes { unsafe UnsafeMutableRawBufferPointer(buffer).copyMemory(from: $0) }
    initialized = count
  }
}

/// The values stored in `range` of `bytes`, each turned into another type.
@inline(__always)
private func converted<Stored: BitwiseCopyable, Value>(
  _ range: Range<Int>, of bytes: [UInt8], _ convert: (Stored) -> Value
) -> [Value] {
  let stored: [Stored] = copied(range, of: bytes)
  return stored.map(convert)
}
