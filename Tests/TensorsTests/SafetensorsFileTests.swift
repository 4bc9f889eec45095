import Basics
import Testing

@testable import Tensors

@Suite struct SafetensorsFileTests {
  static func file(_ header: String, data: Int) -> [UInt8] {
    var bytes = ByteWriter()
    bytes.write(UInt64(header.utf8.count))
    return bytes.bytes + Array(header.utf8) + [UInt8](repeating: 0, count: data)
  }

  @Test("what the specification forbids is refused, with the reason")
  func refusals() {
    let one = "\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]"
    let cases: [(String, Int, String)] = [
      ("{\"a\":{\(one)}}", 9, "safetensors.short"),
      ("{\"a\":{\(one)}}", 7, "safetensors.short"),
      ("{\"a\":{\(one)},\"a\":{\(one)}}", 8, "safetensors.header"),
      ("{\"a\":{\(one)},\"\\u0061\":{\(one)}}", 8, "safetensors.header"),
      ("{\"a\":{\(one),\"shape\":[2]}}", 8, "safetensors.header"),
      ("{\"a\":{\(one),\"extra\":1}}", 8, "safetensors.entry"),
      ("{\"a\":{\(one)},\"b\":{\(one)}}", 8, "safetensors.offsets"),
      ("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[4,12]}}", 12, "safetensors.offsets"),
      ("{\"a\":{\"dtype\":\"F32\",\"shape\":[3],\"data_offsets\":[0,8]}}", 8, "safetensors.size"),
      ("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, "safetensors.entry"),
      ("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,8]}}", 8, "tensor.shape"),
      ("{\"a\":{\"dtype\":\"F8_E4M3\",\"shape\":[8],\"data_offsets\":[0,8]}}", 8, "safetensors.type"),
      ("{\"a\":{\(one)}} x", 8, "safetensors.header"),
      ("{\"__metadata__\":{\"n\":1},\"a\":{\(one)}}", 8, "safetensors.metadata"),
      ("[1,2]", 0, "safetensors.header"),
      ("{\"a\":\(String(repeating: "[", count: 100))", 0, "safetensors.header"),
    ]
    for (header, data, code) in cases {
      #expect(
        failureCode { _ = try SafetensorsFile.read(Self.file(header, data: data), source: "t") } == code, "\(header)")
    }
    #expect(
      failureCode { _ = try SafetensorsFile.read([255, 255, 255, 255, 255, 255, 255, 255], source: "t") }
        == "safetensors.header")
    #expect(failureCode { _ = try SafetensorsFile.read([1, 2], source: "t") } == "safetensors.short")
  }

  @Test("scalars, empty tensors, odd names and metadata are read back; the order of adding has no effect")
  func roundTrip() throws {
    let pairs: [(String, Tensor)] = [
      ("z\"\\\u{1}é/", Tensor(shape: [2], floats: [1, .nan])), ("n", Tensor(scalar: -7)),
      ("empty", Tensor(shape: [0, 512], floats: [])),
    ]
    let tensors = try NamedTensors(pairs)
    let bytes = try SafetensorsFile.bytes(of: tensors, metadata: ["b": "2", "a": "\n"])
    let (again, metadata) = try SafetensorsFile.read(bytes, source: "t")
    #expect(again.sorted == tensors.sorted)
    #expect(metadata == ["b": "2", "a": "\n"])
    #expect(try SafetensorsFile.bytes(of: NamedTensors(pairs.reversed()), metadata: ["a": "\n", "b": "2"]) == bytes)
    #expect(bytes[0] % 8 == 0)
  }

  @Test("a tensor of an unsupported type does not affect the others")
  func otherTypes() throws {
    let header =
      #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[8,16]}}"#
    var file = ByteWriter()
    file.write(UInt64(header.utf8.count))
    file.write(header.utf8)
    file.write([0, 0, 0x80, 0x3F, 0, 0, 0, 0x40, 1, 2, 3, 4, 5, 6, 7, 8])
    let read = try SafetensorsFile.read(file.bytes, source: "f").tensors
    #expect(read.count == 1)
    #expect(try read.required("a").floats() == [1, 2])
  }
}
