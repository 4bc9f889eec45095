// A typed array in memory as files hold it: little-endian bytes in C order. It computes nothing; kernels take
// `floats()`.

import Basics

package struct Tensor: Sendable, Equatable {
  /// Empty for a scalar.
  package let shape: [Int]
  package let type: ElementType
  /// `elementCount * type.byteCount` bytes, little-endian, last axis fastest.
  package let bytes: [UInt8]

  /// - Throws: `tensor.shape` for a negative or overflowing shape, or when the bytes are not exactly its own.
  package init(shape: [Int], type: ElementType, bytes: [UInt8], source: String = "tensor") throws {
    let needed = try Self.byteCount(shape: shape, type: type, source: source)
    guard needed == bytes.count else {
      throw Failure.tensorBytes(source, shape: shape, type: type, found: bytes.count, expected: needed)
    }
    self.init(checked: shape, type, bytes)
  }

  /// Float32 values in C order. The caller's shape and values must agree: both are its own.
  package init(shape: [Int], floats: [Float]) {
    precondition(
      shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == floats.count, "shape \(shape) is not \(floats.count) values"
    )
    self.init(checked: shape, .float32, floats.withUnsafeBytes { Array($0) })
  }

  /// One int64 without axes, as PyTorch keeps `num_batches_tracked`.
  package init(scalar value: Int64) {
    self.init(checked: [], .int64, withUnsafeBytes(of: value.littleEndian) { Array($0) })
  }

  init(checked shape: [Int], _ type: ElementType, _ bytes: [UInt8]) {
    self.shape = shape
    self.type = type
    self.bytes = bytes
  }

  package var elementCount: Int { bytes.count / type.byteCount }

  /// The elements of a shape that came from outside.
  /// - Throws: `tensor.shape` when an axis is negative or the product does not fit.
  package static func elementCount(shape: [Int], source: String) throws -> Int {
    var count = 1
    for axis in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: axis)
      guard axis >= 0, !overflow else { throw Failure.tensorShape(source, shape) }
      count = product
    }
    return count
  }

  /// - Throws: as `elementCount(shape:source:)`.
  package static func byteCount(shape: [Int], type: ElementType, source: String) throws -> Int {
    let (bytes, overflow) = try elementCount(shape: shape, source: source).multipliedReportingOverflow(
      by: type.byteCount)
    guard !overflow else { throw Failure.tensorShape(source, shape) }
    return bytes
  }

  /// The same values in another shape.
  /// - Throws: `tensor.shape` when it holds another number of elements.
  package func reshaped(_ shape: [Int]) throws -> Tensor {
    try Tensor(shape: shape, type: type, bytes: bytes)
  }

  /// Rows `range` of the first axis. The range must lie inside it.
  package func rows(_ range: Range<Int>) -> Tensor {
    precondition(!shape.isEmpty && range.lowerBound >= 0 && range.upperBound <= shape[0], "rows \(range) of \(shape)")
    let width = shape[0] == 0 ? 0 : bytes.count / shape[0]
    let part = Array(bytes[range.lowerBound * width..<range.upperBound * width])
    return Tensor(checked: [range.count] + shape.dropFirst(), type, part)
  }
}
