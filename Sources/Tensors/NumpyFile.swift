// npy files (NEP 1), the format of nearly all teacher embeddings. Reads every header that numpy has ever written and
// rejects data that needs pickle. Writes format version 1, byte for byte as numpy does.

import Basics

package enum NumpyFile {
  /// Reads one array from the start of `bytes`; more bytes may follow, as in numpy. Either byte order and Fortran order
  /// are converted to little-endian and C order.
  /// - Throws: `npy.…` or `tensor.shape`, with the reason.
  package static func read(_ bytes: UnsafeRawBufferPointer, source: String) throws -> Tensor {
    let header = try NumpyHeader(bytes, source: source)
    guard bytes.count - header.dataOffset >= header.dataCount else {
      throw Failure.npy(.short(found: bytes.count - header.dataOffset, expected: header.dataCount), source)
    }
    let end = header.dataOffset + header.dataCount
    var data = Array(UnsafeRawBufferPointer(rebasing: bytes[header.dataOffset..<end]))
    let width = header.type.byteCount
    if header.isBigEndian, width > 1 { swapBytes(&data, width: width) }
    if header.isFortranOrder, header.shape.count > 1 { data = cOrder(data, shape: header.shape, width: width) }
    return Tensor(checked: header.shape, header.type, data)
  }

  package static func read(_ bytes: [UInt8], source: String) throws -> Tensor {
    try bytes.withUnsafeBytes { try read($0, source: source) }
  }

  /// The bytes of a file that holds `tensor`.
  /// - Throws: `npy.type` for bfloat16, which numpy does not have.
  package static func bytes(of tensor: Tensor) throws -> [UInt8] {
    var file = try header(shape: tensor.shape, type: tensor.type)
    file.append(contentsOf: tensor.bytes)
    return file
  }

  /// The bytes before the elements: numpy leaves space for the first axis to grow to 21 digits, then pads to 64.
  package static func header(shape: [Int], type: ElementType) throws -> [UInt8] {
    guard let name = type.numpyName else { throw Failure.npy(.type(type.rawValue), "tensor") }
    let tuple = shape.count == 1 ? "(\(shape[0]),)" : "(\(shape.map(String.init).joined(separator: ", ")))"
    let descr = (type.byteCount == 1 ? "|" : "<") + name
    var text = "{'descr': '\(descr)', 'fortran_order': False, 'shape': \(tuple), }"
    if let first = shape.first { text += String(repeating: " ", count: max(0, 21 - String(first).utf8.count)) }
    let padding = 64 - (10 + text.utf8.count + 1) % 64
    text += String(repeating: " ", count: padding) + "\n"
    var header = ByteWriter([0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59, 1, 0])
    guard let length = UInt16(exactly: text.utf8.count) else { throw Failure.npy(.shape, "tensor") }
    header.write(length)
    header.write(text.utf8)
    return header.bytes
  }

  /// Swaps the byte order of elements of `width` bytes.
  package static func swapBytes(_ data: inout [UInt8], width: Int) {
    for start in stride(from: 0, to: data.count, by: width) {
      for k in 0..<width / 2 { data.swapAt(start + k, start + width - 1 - k) }
    }
  }

  /// Reorders elements from first axis fastest to last axis fastest.
  private static func cOrder(_ data: [UInt8], shape: [Int], width: Int) -> [UInt8] {
    if data.isEmpty { return data }
    var strides: [Int] = []
    var step = 1
    for axis in shape {
      strides.append(step)
      step *= axis
    }
    var out = [UInt8](repeating: 0, count: data.count)
    var position = [Int](repeating: 0, count: shape.count)
    var source = 0
    for element in 0..<step {
      for k in 0..<width { out[element * width + k] = data[source * width + k] }
      var axis = shape.count - 1
      while axis >= 0 {
        position[axis] += 1
        source += strides[axis]
        if position[axis] < shape[axis] { break }
        source -= strides[axis] * shape[axis]
        position[axis] = 0
        axis -= 1
      }
    }
    return out
  }
}
