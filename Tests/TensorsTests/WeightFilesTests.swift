import Basics
import TestSupport
import Testing

@testable import Tensors
@testable import WeightFiles

/// The contract of every format in `BuiltInWeightFormats`.
@Suite struct WeightFilesTests {
  @Test("weights and metadata come back, and the same weights are the same bytes")
  func contract() throws {
    let scratch = try Scratch()
    let (weights, metadata) = (try TorchZipTests.sample(), ["sampleRate": "16000", "teacher": "ViT-B/32 \"é\""])
    for ending in BuiltInWeightFormats.flatMap({ $0.extensions }) {
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

  @Test("an unknown ending is refused with the ones there are, and the nearest")
  func endings() {
    for path in ["w.safetensor", "weights", "w.h5"] {
      #expect(failureCode { _ = try WeightFiles.format(for: path) } == "weights.extension")
    }
    do {
      _ = try WeightFiles.format(for: "w.safetensor")
    } catch {
      #expect("\(error)".contains("did you mean .safetensors?"))
      #expect("\(error)".contains(".bin, .pt, .safetensors"))
    }
  }
}
