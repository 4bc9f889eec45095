import Basics
import TestSupport
import Testing

@testable import Tensors
@testable import Models

/// The contract of every format in `builtInWeightFormats`.
@Suite struct WeightFilesTests {
  @Test("weights and metadata are read back, and the same weights give the same bytes")
  func contract() throws {
    let scratch = try Scratch()
    let (weights, metadata) = (try TinyStudent.weights(), TinyStudent.metadata)
    for ending in builtInWeightFormats.flatMap({ $0.extensions }) {
      let (first, second) = (scratch["a.\(ending)"], scratch["b.\(ending.uppercased())"])
      try WeightFiles.write(weights, metadata: metadata, to: first)
      try WeightFiles.write(weights, metadata: metadata, to: second)
      let (found, foundMetadata) = try WeightFiles.read(first)
      #expect(found.sorted == weights.sorted, "\(ending)")
      #expect(foundMetadata == metadata, "\(ending)")
      #expect(try Files.read(first) == Files.read(second), "\(ending)")
    }
    #expect(try Files.names(in: scratch.path).allSatisfy { !OutputFile.isLeftOver($0) })
  }

  @Test("formats that do not depend on the model preserve tensors of any kind")
  func anyTensors() throws {
    let scratch = try Scratch()
    let weights = try TorchZipTests.sample()
    for format in builtInWeightFormats where !format.isAudioOnly {
      let path = scratch["a.\(format.extensions[0])"]
      try WeightFiles.write(weights, metadata: [:], to: path)
      #expect(try WeightFiles.read(path).weights.sorted == weights.sorted)
    }
  }

  @Test("the places in a mapped file hold the values that reading it gives")
  func places() throws {
    let scratch = try Scratch()
    let weights = try TinyStudent.weights()
    for ending in ["bin", "safetensors"] {
      let path = scratch["a.\(ending)"]
      try WeightFiles.write(weights, metadata: TinyStudent.metadata, to: path)
      let file = try MappedFile(path)
      let (places, metadata) = try #require(try WeightFiles.places(file))
      #expect(metadata == TinyStudent.metadata)
      let found = try NamedTensors(places.map { ($0.0, try $0.1.tensor(in: file.bytes)) })
      #expect(found.sorted == weights.sorted, "\(ending)")
    }
  }

  @Test("a tensor that is not contiguous has no place", .enabled(if: Python.hasTorch, "python3-torch is absent"))
  func pieces() throws {
    let scratch = try Scratch()
    try Python.run(
      "import sys, torch; torch.save({'a': torch.arange(6.).reshape(2, 3).t()}, sys.argv[1])", scratch["t.pt"])
    #expect(try WeightFiles.places(MappedFile(scratch["t.pt"])) == nil)
    #expect(try WeightFiles.read(scratch["t.pt"]).weights["a"]?.floats() == [0, 3, 1, 4, 2, 5])
  }

  @Test("an unknown file extension is refused with the known ones and the nearest")
  func endings() {
    for path in ["w.safetensor", "weights", "w.h5"] {
      #expect(failureCode { _ = try WeightFiles.format(for: path) } == "weights.extension")
    }
    do {
      _ = try WeightFiles.format(for: "w.safetensor")
    } catch {
      #expect("\(error)".contains("did you mean .safetensors?"))
      #expect("\(error)".contains(".bin, .pt, .safetensors, .onnx"))
    }
  }
}
