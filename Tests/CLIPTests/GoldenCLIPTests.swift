import Basics
import Foundation
import Kernels
import Media
import Tensors
import TestSupport
import Testing

@testable import CLIP

@Suite("CLIP agrees with the original implementations", .enabled(if: GoldenFiles.isThere))
struct GoldenCLIPTests {
  static let models = ["tiny-quickgelu", "tiny-gelu"]

  @Test("tokens of all texts are equal")
  func texts() throws {
    let tokenizer = try Tokenizer(GoldenFiles.bpe)
    for golden in try GoldenFiles.texts() {
      #expect(TextCleaning.cleaned(golden.text) == golden.cleaned, "\(golden.text)")
      #expect(tokenizer.encode(golden.text) == golden.ids, "\(golden.text)")
    }
  }

  @Test("tokens of 5,000 captions are equal")
  func captions() throws {
    let tokenizer = try Tokenizer(GoldenFiles.bpe)
    let scratch = try Scratch()
    let unpack = Process()
    unpack.executableURL = URL(fileURLWithPath: "/bin/sh")
    unpack.arguments = ["-c", "gzip -dc '\(GoldenFiles.directory)/tokens.tsv.gz' > '\(scratch["tokens"])'"]
    try unpack.run()
    unpack.waitUntilExit()
    let lines = String(decoding: try Files.read(scratch["tokens"]), as: UTF8.self).split(separator: "\n")
    #expect(lines.count > 1000)
    for line in lines {
      let parts = line.split(separator: "\t", omittingEmptySubsequences: false)
      let expected = parts[1].split(separator: " ").compactMap { Int($0) }
      #expect(Array(tokenizer.encode(String(parts[0])).dropFirst().dropLast()) == expected, "\(parts[0])")
    }
  }

  @Test("preprocessed images equal Pillow's, byte for byte", arguments: [64, 224])
  func images(side: Int) throws {
    let expected = try npz("preprocessed-\(side)")
    let size = side * side * 3
    for image in try GoldenFiles.images() {
      let path = GoldenFiles.pixels(image)
      let bitmap = try Bitmap(decoding: try Files.read(path), source: path)
      let prepared = bitmap.squared(side: side)
      let truth = Array(expected[image.index * size..<(image.index + 1) * size])
      let different = zip(prepared.pixels, truth).count { $0 != $1 }
      #expect(prepared.pixels == truth, "\(image.path): \(different) bytes differ")
    }
  }

  @Test("JPEG images have the pixels of libjpeg-turbo, except for the last bit of some")
  func decoding() throws {
    for image in try GoldenFiles.images() where image.decoded != nil {
      let (path, lossless) = (GoldenFiles.path(image), GoldenFiles.pixels(image))
      let found = try Bitmap(decoding: try Files.read(path), source: path)
      let truth = try Bitmap(decoding: try Files.read(lossless), source: lossless)
      let differences = zip(found.pixels, truth.pixels).map { abs(Int($0) - Int($1)) }
      let (largest, share) = (differences.max() ?? 0, Double(differences.count { $0 > 0 }) / Double(differences.count))
      // Libav's transform rounds differently by 1 in one of 80 brightness values.
      #expect(
        found.pixels.count == truth.pixels.count && largest <= 3 && share < 0.05,
        "\(image.path): \(largest), \(share)")
    }
  }

  @Test("embeddings agree, for both naming schemes of tensors and both activations", arguments: models)
  func embeddings(name: String) throws {
    let golden = try GoldenFiles.expected(name)
    let scratch = try Scratch()
    for path in try paths(name, scratch) {
      let model = try CLIPModel(path)
      let found = try embed(model)
      let image = try GoldenFiles.errors(found.images, golden.required("image.f64"))
      let text = try GoldenFiles.errors(found.texts, golden.required("text.f64"))
      print("\(name), \(Files.name(path)): pictures \(image), texts \(text)")
      #expect(image.relative <= 1e-5 && image.turn <= 1e-9)
      #expect(text.relative <= 1e-5 && text.turn <= 1e-9)
    }
  }

  @Test("an embedding's bits do not depend on instruction set, threads or batch", arguments: models)
  func bits(name: String) throws {
    let model = try CLIPModel("\(GoldenFiles.directory)/\(name)")
    let usual = try embed(model)
    for set in InstructionSet.allCases where set <= .best {
      for threads in [1, 2, 3, 5] {
        let found = try embed(model, set, threads: threads)
        #expect(found.images == usual.images && found.texts == usual.texts, "\(set), \(threads) threads")
      }
    }
    InstructionSet.inUse = .best
    let threads = WorkerThreads(1)
    defer { threads.stop() }
    let embedder = try ImageEmbedder(model, backend: FastBackend(), threads: threads)
    for (image, expected) in zip(try bitmaps(), usual.images) {
      #expect(try embedder.embed([image]) == [expected])
    }
  }

  // MARK: Helpers

  /// The model as open_clip's directory, as Hugging Face's, and as a torch state dictionary.
  private func paths(_ name: String, _ scratch: Scratch) throws -> [String] {
    let directory = "\(GoldenFiles.directory)/\(name)"
    let huggingFace = scratch["hf"]
    try Files.makeDirectory(huggingFace)
    for file in ["config.json", "preprocessor_config.json"] {
      try Files.write(try Files.read("\(directory)/hf/\(file)"), to: "\(huggingFace)/\(file)")
    }
    if Files.exists("\(directory)/hf/model.safetensors") {
      try Files.write(try Files.read("\(directory)/hf/model.safetensors"), to: "\(huggingFace)/model.safetensors")
    } else {
      try Python.run(
        "import subprocess, sys; subprocess.run([sys.executable, *sys.argv[1:]], check=True)",
        "\(GoldenFiles.directory)/rename_weights.py", "\(directory)/open_clip_model.safetensors",
        "\(huggingFace)/model.safetensors", "--to", "hf", "--position-ids")
    }
    let torch = scratch["torch"]
    try Files.makeDirectory(torch)
    let source = "\(directory)/open_clip_model.safetensors"
    let tensors = try SafetensorsFile.read(try Files.read(source), source: source).tensors
    try Files.write(try TorchZip.bytes(of: tensors), to: "\(torch)/open_clip_pytorch_model.bin")
    try Files.write(try Files.read("\(directory)/open_clip_config.json"), to: "\(torch)/open_clip_config.json")
    return [directory, huggingFace, torch]
  }

  private func bitmaps() throws -> [Bitmap] {
    try GoldenFiles.images().map { image in
      let path = GoldenFiles.pixels(image)
      return try Bitmap(decoding: try Files.read(path), source: path)
    }
  }

  private func embed(
    _ model: CLIPModel, _ set: InstructionSet = .best, threads count: Int = 2
  ) throws -> (images: [[Float]], texts: [[Float]]) {
    let threads = WorkerThreads(count)
    defer { threads.stop() }
    let images = try ImageEmbedder(model, backend: FastBackend(set), threads: threads).embed(bitmaps())
    let texts = try TextEmbedder(model, tokenizer: GoldenFiles.bpe, backend: FastBackend(set), threads: threads)
      .embed(try GoldenFiles.texts().map(\.text))
    return (images, texts)
  }

  /// The `uint8` array of an npz file with one array, unpacked by Python's standard library.
  private func npz(_ name: String) throws -> [UInt8] {
    let scratch = try Scratch()
    try Python.run(
      "import sys, zipfile; z = zipfile.ZipFile(sys.argv[1]); open(sys.argv[2], 'wb').write(z.read(z.namelist()[0]))",
      "\(GoldenFiles.directory)/\(name).npz", scratch["array.npy"])
    return try NumpyFile.read(try Files.read(scratch["array.npy"]), source: name).bytes
  }
}
