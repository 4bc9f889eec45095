/// The place of a contiguous tensor in a file: little-endian, in C order.
package struct TensorPlace: Sendable, Equatable {
  package let type: ElementType
  package let shape: [Int]
  /// The range of bytes in the file; it lies inside the file and matches the shape.
  package let range: Range<Int>

  package init(type: ElementType, shape: [Int], range: Range<Int>) {
    (self.type, self.shape, self.range) = (type, shape, range)
  }

  /// The tensor, copied from the file's bytes.
  package func tensor(in bytes: UnsafeRawBufferPointer) throws -> Tensor {
    try Tensor(shape: shape, type: type, bytes: Array(UnsafeRawBufferPointer(rebasing: bytes[range])))
  }
}
