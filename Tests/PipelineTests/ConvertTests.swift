import Basics
import Foundation
import Models
import Tensors
import TestSupport
import Testing

@Suite("pipeline convert, and inspect of what it writes", .serialized)
struct ConvertTests {
  @Test("a round trip through every format gives the same bytes and metadata")
  func roundTrips() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try RandomStudent.write(to: tool.path("w.bin"))
    for middle in ["w.safetensors", "w.pt", "w.onnx"] {
      #expect(try tool.run("convert", "w.bin", middle).status == 0)
      #expect(try tool.run("convert", middle, "back.bin").status == 0)
      #expect(try Digest.ofFile(tool.path("back.bin")) == Digest.ofFile(tool.path("w.bin")), "\(middle)")
      let first = try Digest.ofFile(tool.path(middle))
      let again = try tool.run("convert", "w.bin", middle)
      #expect(try again.output.contains("up to date") && Digest.ofFile(tool.path(middle)) == first)
      let listing = try tool.run("inspect", middle).output
      for text in [
        "audio_encoder.conv1.weight", "float32", "[64, 1, 7, 7]", "front end\nsample_rate: 16000", "sha256: ",
      ] {
        #expect(listing.contains(text), "\(middle): \(text)")
      }
    }
    #expect(try Files.names(in: tool.directory).allSatisfy { !$0.hasPrefix(".") || $0.hasSuffix(".lock") })
  }

  @Test("float16 weights keep their rounded values; statistics keep their type")
  func half() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try RandomStudent.write(to: tool.path("w.bin"))
    let full = try WeightFiles.read(tool.path("w.bin")).weights
    for file in ["h.safetensors", "h.pt"] {
      #expect(try tool.run("convert", "w.bin", file, "--half").status == 0)
      let half = try WeightFiles.read(tool.path(file)).weights
      #expect(Set(half.names) == Set(full.names))
      for (name, tensor) in full.pairs {
        let stays = !tensor.type.isFloating || name.contains(".running_") || name.hasSuffix("window")
        #expect(try half[name] == (stays ? tensor : tensor.converted(to: .float16)), "\(name)")
      }
    }
    let refused = try tool.run("convert", "w.bin", "h.onnx", "--half")
    #expect(refused.status == 64 && refused.problems.contains("float32 alone") && !Files.exists(tool.path("h.onnx")))
    // From float16 to an ONNX graph, which is float32.
    #expect(try tool.run("convert", "h.pt", "h.onnx").status == 0)
    let weight = try #require(try WeightFiles.read(tool.path("h.onnx")).weights["audio_encoder.conv1.weight"])
    #expect(try weight == full.required("audio_encoder.conv1.weight").converted(to: .float16).converted(to: .float32))
    var large = full
    large.set("audio_encoder.bn1.bias", Tensor(shape: [64], floats: [Float](repeating: 1e6, count: 64)))
    try WeightFiles.write(large, metadata: [:], to: tool.path("large.bin"))
    let outcome = try tool.run("convert", "large.bin", "l.pt", "--half")
    #expect(outcome.status == 1 && outcome.problems.contains("audio_encoder.bn1.bias"))
  }

  @Test("parts are selected by name; a file without a description gets the reference front end and its own digest")
  func parts() throws {
    let tool = try Tool()
    defer { tool.remove() }
    try RandomStudent.write(to: tool.path("Wav2CLIP.pt"), described: false)
    for (parts, count) in [("encoder", 121), ("audio", 125), ("all", 125)] {
      #expect(try tool.run("convert", "Wav2CLIP.pt", "p.safetensors", "--parts", parts).status == 0)
      let (weights, metadata) = try WeightFiles.read(tool.path("p.safetensors"))
      #expect(weights.count == count, "\(parts)")
      #expect(metadata["hop_length"] == "353" && metadata["normalization"] == "clip")
      #expect(try metadata["source"] == "sha256:\(Digest.ofFile(tool.path("Wav2CLIP.pt")).hex)")
    }
    #expect(try tool.run("convert", "Wav2CLIP.pt", "p.onnx", "--parts", "all").status == 64)
    #expect(try tool.run("convert", "Wav2CLIP.pt", "p.onnx", "--parts", "most").status == 64)
    #expect(try tool.run("convert", "Wav2CLIP.pt", "p.h5").status == 64)
    #expect(try tool.run("convert", "absent.pt", "p.pt").status == 1)
    try WeightFiles.write(NamedTensors([("x", Tensor(scalar: 1))]), metadata: [:], to: tool.path("other.pt"))
    #expect(try tool.run("convert", "other.pt", "o.safetensors").status == 0)
    #expect(try tool.run("convert", "other.pt", "o.onnx").status == 1)
    #expect(!Files.exists(tool.path("o.onnx")))
    #expect(try tool.run("convert", "Wav2CLIP.pt", "dry.onnx", "--dry-run").output.contains("ONNX"))
    #expect(!Files.exists(tool.path("dry.onnx")))
  }
}
