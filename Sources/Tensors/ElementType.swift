/// The type of a tensor's elements, and its names in the file formats.
package enum ElementType: String, Sendable, CaseIterable, Codable {
  case bool, uint8, int8, uint16, int16, uint32, int32, uint64, int64, float16, bfloat16, float32, float64

  package var byteCount: Int {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    }
  }

  package var isFloating: Bool {
    switch self {
    case .float16, .bfloat16, .float32, .float64: true
    default: false
    }
  }

  /// The kind and width in an npy `descr`, without the byte order. numpy has no bfloat16.
  package var numpyName: String? {
    switch self {
    case .bool: "b1"
    case .uint8: "u1"
    case .int8: "i1"
    case .uint16: "u2"
    case .int16: "i2"
    case .uint32: "u4"
    case .int32: "i4"
    case .uint64: "u8"
    case .int64: "i8"
    case .float16: "f2"
    case .bfloat16: nil
    case .float32: "f4"
    case .float64: "f8"
    }
  }

  package var safetensorsName: String {
    switch self {
    case .bool: "BOOL"
    case .uint8: "U8"
    case .int8: "I8"
    case .uint16: "U16"
    case .int16: "I16"
    case .uint32: "U32"
    case .int32: "I32"
    case .uint64: "U64"
    case .int64: "I64"
    case .float16: "F16"
    case .bfloat16: "BF16"
    case .float32: "F32"
    case .float64: "F64"
    }
  }

  /// The class of its storage in a PyTorch checkpoint; nil if PyTorch before 2.3 has none.
  package var torchStorageName: String? {
    switch self {
    case .bool: "BoolStorage"
    case .uint8: "ByteStorage"
    case .int8: "CharStorage"
    case .int16: "ShortStorage"
    case .int32: "IntStorage"
    case .int64: "LongStorage"
    case .float16: "HalfStorage"
    case .bfloat16: "BFloat16Storage"
    case .float32: "FloatStorage"
    case .float64: "DoubleStorage"
    case .uint16, .uint32, .uint64: nil
    }
  }

  package init?(safetensorsName name: String) {
    guard let type = Self.allCases.first(where: { $0.safetensorsName == name }) else { return nil }
    self = type
  }

  package init?(torchStorageName name: String) {
    guard let type = Self.allCases.first(where: { $0.torchStorageName == name }) else { return nil }
    self = type
  }

  package init?(numpyName name: some StringProtocol) {
    guard let type = Self.allCases.first(where: { $0.numpyName.map { $0 == name } ?? false }) else { return nil }
    self = type
  }
}
