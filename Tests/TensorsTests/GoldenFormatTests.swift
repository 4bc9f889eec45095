import Basics
import Testing

@testable import Tensors

/// Valid and invalid files, written by numpy and safetensors.
@Suite(.enabled(if: Shared.isThere, Shared.absent)) struct GoldenFormatTests {
  static let good: [(String, [Int], ElementType)] = [
    ("be_f32", [6, 512], .float32), ("dim768", [4, 768], .float16), ("empty", [0, 512], .float32),
    ("f64", [6, 512], .float64), ("fortran_f32", [6, 512], .float32), ("inf_row1_f16", [6, 512], .float16),
    ("int8", [2, 512], .int8), ("nan_row3", [6, 512], .float32), ("rank1", [512], .float32),
    ("rank3", [1, 6, 512], .float32), ("raw_f32", [6, 512], .float32), ("trailing", [6, 512], .float32),
    ("unit_f16", [6, 512], .float16), ("v2_header", [6, 512], .float32), ("v3_header", [6, 512], .float32),
    ("zero_row2", [6, 512], .float32),
  ]

  static func bytes(_ name: String) throws -> [UInt8] { try Files.read("\(Shared.formats)/\(name)") }

  @Test("every valid npy file is read", arguments: good)
  func reads(_ name: String, _ shape: [Int], _ type: ElementType) throws {
    let tensor = try NumpyFile.read(Self.bytes("\(name).npy"), source: name)
    #expect(tensor.shape == shape)
    #expect(tensor.type == type)
  }

  @Test("invalid npy files are refused with their reason")
  func refuses() throws {
    for (name, code) in [("object_pickle", "npy.pickle"), ("truncated", "npy.short")] {
      #expect(failureCode { _ = try NumpyFile.read(Self.bytes("\(name).npy"), source: name) } == code)
    }
  }

  @Test("byte order, Fortran order, header version and trailing bytes do not change values")
  func sameValues() throws {
    let plain = try NumpyFile.read(Self.bytes("raw_f32.npy"), source: "raw")
    for name in ["be_f32", "fortran_f32", "v2_header", "v3_header", "trailing"] {
      #expect(try NumpyFile.read(Self.bytes("\(name).npy"), source: name) == plain, "\(name)")
    }
  }

  @Test("a C-order file from numpy is reproduced byte for byte")
  func roundTrip() throws {
    for name in ["raw_f32", "unit_f16", "f64", "int8", "rank1", "rank3", "empty", "dim768"] {
      let file = try Self.bytes("\(name).npy")
      #expect(try NumpyFile.bytes(of: NumpyFile.read(file, source: name)) == file, "\(name)")
    }
  }

  @Test("a safetensors file is read with its metadata")
  func safetensors() throws {
    let (tensors, metadata) = try SafetensorsFile.read(Self.bytes("emb.safetensors"), source: "emb")
    #expect(tensors.names == ["-0SdAVK79lg_000030", "__0abcDEFgh_000010"])
    #expect(metadata == ["fps": "30", "model": "ViT-B/32", "normalized": "true"])
    #expect(tensors["-0SdAVK79lg_000030"]?.shape == [6, 512])
    #expect(tensors["-0SdAVK79lg_000030"]?.type == .float16)
  }

  @Test("the golden weights pass through PyTorch's zip and back byte for byte")
  func weights() throws {
    let file = try Files.read("\(Shared.root)/golden/wav2clip/weights.safetensors")
    let (tensors, _) = try SafetensorsFile.read(file, source: "weights")
    let (again, _) = try TorchZip.read(TorchZip.bytes(of: tensors), source: "again")
    #expect(again == tensors)
  }
}
