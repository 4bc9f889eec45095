// PyTorch's zip checkpoint (torch ≥ 1.6): a pickle of names and views, and one stored entry per storage. Written files
// can be loaded with `torch.load(path, weights_only=True)`; reading needs no Python and runs none.

import Basics

package enum TorchZip {
  private static let directory = "archive"
  /// The first bytes of a legacy checkpoint, a pickled number, where a new one starts with a zip header.
  private static let legacyStart: [UInt8] = [0x80, 0x02, 0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9]
  /// The maximum ratio of tensor bytes to file size (one storage may be used under several names).
  private static let mostAmplified = 8

  // MARK: writing

  /// Writes an OrderedDict of tensors in their order, and `records` as further entries `archive/<name>`. The same
  /// tensors and records give the same bytes.
  /// - Throws: `torch.type` for types that PyTorch before 2.3 lacks, `zip.large` for more than 4 GiB, and what `sink`
  ///   throws.
  package static func write(
    _ tensors: NamedTensors, records: [String: [UInt8]] = [:], _ sink: @escaping ([UInt8]) throws -> Void
  ) throws {
    var zip = StoredZipWriter(sink)
    try zip.add("\(directory)/data.pkl", try pickle(tensors))
    try zip.add("\(directory)/byteorder", Array("little".utf8))
    for (i, pair) in tensors.pairs.enumerated() { try zip.add("\(directory)/data/\(i)", pair.tensor.bytes) }
    try zip.add("\(directory)/version", Array("3\n".utf8))
    for name in records.keys.sorted() { try zip.add("\(directory)/\(name)", records[name] ?? []) }
    try zip.finish()
  }

  package static func write(_ tensors: NamedTensors, records: [String: [UInt8]] = [:], to file: OutputFile) throws {
    try write(tensors, records: records) { try file.write($0) }
  }

  package static func bytes(of tensors: NamedTensors, records: [String: [UInt8]] = [:]) throws -> [UInt8] {
    let buffer = Buffer()
    try write(tensors, records: records) { buffer.bytes.append(contentsOf: $0) }
    return buffer.bytes
  }

  private final class Buffer { var bytes: [UInt8] = [] }

  private static func pickle(_ tensors: NamedTensors) throws -> [UInt8] {
    var out = ByteWriter([0x80, 2])
    let emptyDictionary = Array("ccollections\nOrderedDict\n)R".utf8)
    out.write(emptyDictionary + Array("(".utf8))
    for (i, (name, tensor)) in tensors.pairs.enumerated() {
      guard let storage = tensor.type.torchStorageName else { throw Failure.torch(.type(tensor.type), name) }
      text(name, into: &out)
      out.write("ctorch._utils\n_rebuild_tensor_v2\n((".utf8)
      text("storage", into: &out)
      out.write("ctorch\n\(storage)\n".utf8)
      text(String(i), into: &out)
      text("cpu", into: &out)
      integer(tensor.elementCount, into: &out)
      out.write(Array("tQK".utf8) + [0])
      tuple(tensor.shape, into: &out)
      tuple(strides(tensor.shape), into: &out)
      out.write([0x89] + emptyDictionary + Array("tR".utf8))
    }
    out.write("u.".utf8)
    return out.bytes
  }

  private static func text(_ text: String, into out: inout ByteWriter) {
    out.write(UInt8(ascii: "X"))
    out.write(UInt32(text.utf8.count))
    out.write(text.utf8)
  }

  private static func integer(_ value: Int, into out: inout ByteWriter) {
    if let byte = UInt8(exactly: value) {
      out.write([UInt8(ascii: "K"), byte])
    } else if let word = Int32(exactly: value) {
      out.write(UInt8(ascii: "J"))
      out.write(word)
    } else {
      out.write([0x8A, 8])
      out.write(Int64(value))
    }
  }

  private static func tuple(_ values: [Int], into out: inout ByteWriter) {
    out.write(UInt8(ascii: "("))
    for value in values { integer(value, into: &out) }
    out.write(UInt8(ascii: "t"))
  }

  /// Strides in elements, with 1 for the last axis, as in PyTorch: an axis of length 0 counts as 1.
  private static func strides(_ shape: [Int]) -> [Int] {
    var (strides, step) = ([Int](), 1)
    for axis in shape.reversed() {
      strides.append(step)
      step = step.multipliedReportingOverflow(by: max(axis, 1)).partialValue
    }
    return strides.reversed()
  }

  // MARK: reading

  /// Tensors by name in pickle order, and every record that is neither tensor data nor one of PyTorch's own. In
  /// `{"state_dict": {...}}`, the inner dictionary is used and other entries are dropped.
  /// - Throws: `zip.…` or `torch.…` with the reason.
  package static func read(
    _ bytes: UnsafeRawBufferPointer, source: String
  ) throws -> (tensors: NamedTensors, records: [String: [UInt8]]) {
    let (assembler, root) = try open(bytes, source: source)
    return (try assembler.tensors(root), try records(assembler.zip, assembler.directory, source))
  }

  /// The place of each tensor in the file, and the records; nil if one of the tensors is not contiguous.
  /// - Throws: as `read`.
  package static func places(
    _ bytes: UnsafeRawBufferPointer, source: String
  ) throws -> (tensors: [(String, TensorPlace)], records: [String: [UInt8]])? {
    let (assembler, root) = try open(bytes, source: source)
    guard let base = bytes.baseAddress, let places = try assembler.places(root, base: base) else { return nil }
    return (places, try records(assembler.zip, assembler.directory, source))
  }

  private static func open(
    _ bytes: UnsafeRawBufferPointer, source: String
  ) throws -> (assembler: TorchAssembler, root: TorchValue) {
    if bytes.starts(with: legacyStart) { throw Failure.torch(.legacy, source) }
    let zip = try StoredZipReader(bytes, source: source)
    let suffix = "/data.pkl"
    guard
      let entry = zip.entries.first(where: {
        $0.name.hasSuffix(suffix) && !$0.name.dropLast(suffix.count).contains("/")
      }),
      let pickle = try zip.data(entry.name)
    else { throw Failure.torch(.noPickle, source) }
    let directory = String(entry.name.dropLast(suffix.count))
    if let order = try zip.data("\(directory)/byteorder"), !order.elementsEqual("little".utf8) {
      throw Failure.torch(.storage("byteorder", String(decoding: order.prefix(16), as: UTF8.self)), source)
    }
    let (machine, root) = try TorchPickle.run(pickle, source: source)
    let limit = max(1 << 20, bytes.count.multipliedReportingOverflow(by: mostAmplified).partialValue)
    return (TorchAssembler(machine: machine, zip: zip, directory: directory, source: source, limit: limit), root)
  }

  package static func read(
    _ bytes: [UInt8], source: String
  ) throws -> (tensors: NamedTensors, records: [String: [UInt8]]) {
    try bytes.withUnsafeBytes { try read($0, source: source) }
  }

  private static func records(_ zip: StoredZipReader, _ directory: String, _ source: String) throws -> [String: [UInt8]]
  {
    var records: [String: [UInt8]] = [:]
    for entry in zip.entries where entry.name.hasPrefix("\(directory)/") {
      let name = String(entry.name.dropFirst(directory.count + 1))
      if name.hasPrefix("data/") || name.hasPrefix(".") || ["data.pkl", "byteorder", "version"].contains(name) {
        continue
      }
      guard entry.range.count <= 16 << 20 else { continue }
      records[name] = try zip.data(entry.name).map { Array($0) }
    }
    return records
  }
}
