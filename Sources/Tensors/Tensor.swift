// A typed array in memory as in files: little-endian bytes in C order. It has no arithmetic; kernels use `floats()`.

import Basics

package struct Tensor: Sendable, Equatable {
  /// Empty for a scalar.
  package let shape: [Int]
  package let type: ElementType
  /// `elementCount * type.byteCount` bytes, little-endian, last axis fastest.
  package let bytes: [UInt8]

  /// - Throws: `tensor.shape` for a negative or overflowing shape, or if the number of bytes does not match the shape.
  package init(shape: [Int], type: ElementType, bytes: [UInt8], source: String = "tensor") throws {
    let needed = try Self.byteCount(shape: shape, type: type, source: source)
    guard needed == bytes.count else {
      throw Failure.tensorBytes(source, shape: shape, type: type, found: bytes.count, expected: needed)
    }
    self.init(checked: shape, type, bytes)
  }

  /// Creates a float32 tensor from values in C order. The number of values must match the shape.
  package init(shape: [Int], floats: [Float]) {
    precondition(
      shape.allSatisfy { $0 >= 0 } && shape.reduce(1, *) == floats.count, "shape \(shape) is not \(floats.count) values"
    )
    self.init(checked: shape, .float32, floats.withUnsafeBytes { Array($0) })
  }

  /// An int64 scalar, like PyTorch's `num_batches_tracked`.
  package init(scalar value: Int64) {
    self.init(checked: [], .int64, withUnsafeBytes(of: value.littleEndian) { Array($0) })
  }

  init(checked shape: [Int], _ type: ElementType, _ bytes: [UInt8]) {
    self.shape = shape
    self.type = type
    self.bytes = bytes
  }

  package var elementCount: Int { bytes.count / type.byteCount }

  /// The number of elements of an untrusted shape.
  /// - Throws: `tensor.shape` if an axis is negative or the product does not fit.
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
  /// - Throws: `tensor.shape` if the number of elements differs.
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
