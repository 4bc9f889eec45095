import Basics
import TestSupport
import Testing

@testable import Tensors

/// Readers of untrusted files must return a result or refuse, whatever the bytes. The seed is fixed, so that a crash is
/// reproducible.
@Suite struct MutationTests {
  static func survive(_ original: [UInt8], _ name: String, _ read: ([UInt8]) throws -> Void) {
    var random = SeededRandom(seed: 20, for: name)
    for _ in 0..<2000 { try? read(Mutations.mutated(original, &random)) }
  }

  @Test("npy") func npy() throws {
    let file = try NumpyFile.bytes(of: Tensor(shape: [3, 4], floats: (0..<12).map(Float.init)))
    Self.survive(file, "npy") { _ = try NumpyFile.read($0, source: "t") }
    let fortran = NumpyFileTests.file("{'descr': '>f8', 'fortran_order': True, 'shape': (3, 2), }\n", data: 48)
    Self.survive(fortran, "fortran") { _ = try NumpyFile.read($0, source: "t") }
  }

  @Test("safetensors") func safetensors() throws {
    let file = try SafetensorsFile.bytes(of: TorchZipTests.sample(), metadata: ["a": "é\n"])
    Self.survive(Array(file.prefix(700)), "safetensors, cut") { _ = try SafetensorsFile.read($0, source: "t") }
    Self.survive(file, "safetensors") { _ = try SafetensorsFile.read($0, source: "t") }
  }

  @Test("PyTorch's zip and its pickle") func torch() throws {
    let tensors = try NamedTensors([("a", Tensor(shape: [2, 2], floats: [1, 2, 3, 4])), ("n", Tensor(scalar: 1))])
    let file = try TorchZip.bytes(of: tensors)
    Self.survive(file, "zip") { _ = try TorchZip.read($0, source: "t") }
    let pickle = try file.withUnsafeBytes {
      let entry = try StoredZipReader($0, source: "t").data("archive/data.pkl")
      return Array(try #require(entry))
    }
    Self.survive(pickle, "pickle") { _ = try TorchZip.read(TorchZipTests.checkpoint($0), source: "t") }
  }
}
