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
