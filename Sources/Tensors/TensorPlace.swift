/// A tensor that lies in one piece in a file: little-endian, in C order.
package struct TensorPlace: Sendable, Equatable {
  package let type: ElementType
  package let shape: [Int]
  /// Bytes within the file; inside it, and as many as the shape needs.
  package let range: Range<Int>

  package init(type: ElementType, shape: [Int], range: Range<Int>) {
    (self.type, self.shape, self.range) = (type, shape, range)
  }

  /// The tensor, copied out of the file's bytes.
  package func tensor(in bytes: UnsafeRawBufferPointer) throws -> Tensor {
    try Tensor(shape: shape, type: type, bytes: Array(UnsafeRawBufferPointer(rebasing: bytes[range])))
  }
}
