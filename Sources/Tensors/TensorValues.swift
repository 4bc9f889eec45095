// Converts a tensor's values to other types: widening is exact, narrowing rounds to nearest, ties to even.

import Basics

extension Tensor {
  /// Float32 values in C order. float16, bfloat16 and float32 are exact; float64 is rounded to nearest even (values
  /// that are too large become infinity).
  /// - Throws: `tensor.type` for integers and booleans, because their scale is unknown.
  package func floats() throws -> [Float] {
    let count = elementCount
    return try bytes.withUnsafeBytes { raw in
      switch type {
      case .float32:
        return [Float](unsafeUninitializedCapacity: count) { buffer, filled in
          UnsafeMutableRawBufferPointer(buffer).copyMemory(from: raw)
          filled = count
        }
      case .float16:
        return Self.map(raw, count, UInt16.self) { Float(Float16(bitPattern: $0)) }
      case .bfloat16:
        return Self.map(raw, count, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
      case .float64:
        return Self.map(raw, count, UInt64.self) { Float(Double(bitPattern: $0)) }
      default:
        throw Failure.tensorType(type, wanted: "float16, bfloat16, float32 or float64")
      }
    }
  }

  /// Int64 in C order.
  /// - Throws: `tensor.type` for floating types, and for a uint64 that does not fit.
  package func integers() throws -> [Int64] {
    let count = elementCount
    return try bytes.withUnsafeBytes { raw in
      switch type {
      case .bool: return Self.map(raw, count, UInt8.self) { $0 == 0 ? 0 : 1 }
      case .uint8: return Self.map(raw, count, UInt8.self) { Int64($0) }
      case .int8: return Self.map(raw, count, Int8.self) { Int64($0) }
      case .uint16: return Self.map(raw, count, UInt16.self) { Int64($0) }
      case .int16: return Self.map(raw, count, Int16.self) { Int64($0) }
      case .uint32: return Self.map(raw, count, UInt32.self) { Int64($0) }
      case .int32: return Self.map(raw, count, Int32.self) { Int64($0) }
      case .int64: return Self.map(raw, count, Int64.self) { $0 }
      case .uint64:
        let values = Self.map(raw, count, UInt64.self) { $0 }
        guard values.allSatisfy({ $0 <= UInt64(Int64.max) }) else {
          throw Failure.tensorType(type, wanted: "values below 2^63")
        }
        return values.map { Int64($0) }
      case .float16, .bfloat16, .float32, .float64: throw Failure.tensorType(type, wanted: "integers")
      }
    }
  }

  /// The same values in another floating type, rounded to nearest even. NaN stays NaN.
  /// - Throws: `tensor.type` if either type is not floating.
  package func converted(to wanted: ElementType) throws -> Tensor {
    if wanted == type { return self }
    guard wanted.isFloating, type.isFloating else { throw Failure.tensorType(type, wanted: wanted.rawValue) }
    let count = elementCount
    let converted: [UInt8] = try bytes.withUnsafeBytes { raw in
      if type == .float64 {
        let values = Self.map(raw, count, UInt64.self) { Double(bitPattern: $0) }
        switch wanted {
        case .float16: return Self.bytes(values.map { Float16($0).bitPattern })
        case .bfloat16: return Self.bytes(values.map { Self.bfloat16($0) })
        default: return Self.bytes(values.map { Float($0).bitPattern })
        }
      }
      let values = try floats()
      switch wanted {
      case .float16: return Self.bytes(values.map { Float16($0).bitPattern })
      case .bfloat16: return Self.bytes(values.map { Self.bfloat16($0) })
      case .float64: return Self.bytes(values.map { Double($0).bitPattern })
      default: return Self.bytes(values.map(\.bitPattern))
      }
    }
    return Tensor(checked: shape, wanted, converted)
  }

  private static func map<Stored: FixedWidthInteger, Value>(
    _ raw: UnsafeRawBufferPointer, _ count: Int, _ stored: Stored.Type, _ value: (Stored) -> Value
  ) -> [Value] {
    let width = MemoryLayout<Stored>.size
    return [Value](unsafeUninitializedCapacity: count) { buffer, filled in
      for i in 0..<count {
        let word = Stored(littleEndian: raw.loadUnaligned(fromByteOffset: i * width, as: Stored.self))
        buffer.initializeElement(at: i, to: value(word))
      }
      filled = count
    }
  }

  private static func bytes(_ words: [some FixedWidthInteger]) -> [UInt8] {
    words.map(\.littleEndian).withUnsafeBytes { Array($0) }
  }

  private static func bfloat16(_ value: Float) -> UInt16 {
    let bits = value.bitPattern
    if value.isNaN { return UInt16(truncatingIfNeeded: bits >> 16) | 0x40 }
    return UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16)
  }

  /// Converts a double to bfloat16 with a single rounding: the intermediate float is rounded to odd, so that it cannot
  /// become a false tie.
  private static func bfloat16(_ value: Double) -> UInt16 {
    let near = Float(value)
    guard near.isFinite, Double(near) != value else { return bfloat16(near) }
    let bits = abs(Double(near)) > abs(value) ? near.bitPattern - 1 : near.bitPattern
    return bfloat16(Float(bitPattern: bits | 1))
  }
}
