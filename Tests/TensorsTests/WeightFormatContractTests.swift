import Basics
import TestSupport
import Testing

@testable import Models
@testable import Tensors

/// The contract of every format in `builtInWeightFormats`, in addition to `WeightFilesTests`.
@Suite("Every weight format")
struct WeightFormatContractTests {
  @Test("has a unique name and unique file extensions, without dot, in lower case")
  func naming() {
    let names = builtInWeightFormats.map { $0.name }
    let endings = builtInWeightFormats.flatMap { $0.extensions }
    #expect(Set(names).count == names.count && Set(endings).count == endings.count)
    #expect(endings.allSatisfy { $0.wholeMatch(of: /[a-z0-9]+/) != nil })
    #expect(builtInWeightFormats.allSatisfy { !$0.extensions.isEmpty })
  }

  @Test("reading and writing again gives the same bytes, through any format")
  func roundTrip() throws {
    let scratch = try Scratch()
    for format in builtInWeightFormats {
      let path = scratch["first.\(format.extensions[0])"]
      // Each format has its own order of tensors; the same tensors in the same order give the same bytes.
      try WeightFiles.write(try TinyStudent.weights().sorted, metadata: TinyStudent.metadata, to: path)
      let (weights, metadata) = try WeightFiles.read(path)
      for other in builtInWeightFormats {
        let middle = scratch["middle.\(other.extensions[0])"]
        try WeightFiles.write(weights, metadata: metadata, to: middle)
        let (back, told) = try WeightFiles.read(middle)
        let again = scratch["again.\(format.extensions[0])"]
        try WeightFiles.write(back.sorted, metadata: told, to: again)
        #expect(try Files.read(again) == Files.read(path), "\(format.name) through \(other.name)")
      }
    }
  }

  @Test("whatever the damage, reading or mapping a file gives complete tensors or refuses")
  func mutated() throws {
    let scratch = try Scratch()
    for format in builtInWeightFormats {
      let path = scratch["w.\(format.extensions[0])"]
      try WeightFiles.write(try TinyStudent.weights(), metadata: TinyStudent.metadata, to: path)
      let bytes = try Files.read(path)
      // Zip files have their directory at the end, the other formats at the beginning.
      for (what, file) in [("", bytes), (", its small part", try small(format, scratch))] {
        let problems = Mutations.problems(of: file, format.name + what, trials: 150, head: 4096) { bytes in
          try Mutations.write(bytes, to: path)
          defer { try? survive(path) }
          for (_, tensor) in try WeightFiles.read(path).weights.pairs {
            guard tensor.shape.reduce(1, *) * tensor.type.byteCount == tensor.bytes.count else {
              throw Wrong(shape: tensor.shape)
            }
          }
        }
        #expect(problems == [])
      }
    }
  }

  /// A small file, so that most changes hit its structure; a complete one if the format holds only whole encoders.
  private func small(_ format: any WeightFormat.Type, _ scratch: Scratch) throws -> [UInt8] {
    let path = scratch["small.\(format.extensions[0])"]
    let weights = format.isAudioOnly ? try TinyStudent.weights() : try TorchZipTests.sample()
    try WeightFiles.write(weights, metadata: ["sample_rate": "16000"], to: path)
    return try Files.read(path)
  }

  private func survive(_ path: String) throws {
    let file = try MappedFile(path)
    for (_, place) in try WeightFiles.places(file)?.weights ?? [] { _ = try place.tensor(in: file.bytes) }
  }

  private struct Wrong: Error { var shape: [Int] }
}
