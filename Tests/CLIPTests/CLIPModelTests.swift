import Basics
import Kernels
import Media
import Networks
import Tensors
import TestSupport
import Testing

@testable import CLIP

@Suite("A CLIP model's files")
struct CLIPModelTests {
  private func code(_ body: () throws -> Void) -> String? {
    do {
      try body()
      return nil
    } catch { return (error as? Failure)?.code ?? "\(error)" }
  }

  private let image = Bitmap(
    width: 17, height: 13, pixels: (0..<17 * 13 * 3).map { UInt8(truncatingIfNeeded: $0 * 37) })

  private func embeddings(_ path: String, activation: GELUKind? = nil) throws -> [[Float]] {
    let threads = WorkerThreads(2)
    defer { threads.stop() }
    let model = try CLIPModel(path, activation: activation)
    return try ImageEmbedder(model, backend: FastBackend(), threads: threads).embed([image])
      + TextEmbedder(model, backend: FastBackend(), threads: threads).embed(["rain", "a dog"])
  }

  @Test("recognizes architecture and activation from the configuration, or else from the shapes")
  func read() throws {
    let scratch = try Scratch()
    let tiny = TinyCLIP()
    let path = try tiny.write(to: scratch["model"])
    let model = try CLIPModel(path)
    #expect(model.gelu == .quick && model.width == 24 && model.vision?.imageSize == 12 && model.vision?.patchSize == 4)
    #expect(model.vision?.shape == TransformerShape(width: 64, heads: 1, depth: 2, hidden: 128, gelu: .quick))
    let told = try embeddings(path)
    try Files.remove("\(path)/open_clip_config.json")
    #expect(code { _ = try CLIPModel(path) } == "clip.activation")
    #expect(try embeddings(path, activation: .quick) == told)
    #expect(try embeddings(path, activation: .exact) != told)
  }

  @Test("an open_clip configuration without quick_gelu means GELU; Hugging Face's without hidden_act means quick GELU")
  func defaults() throws {
    let scratch = try Scratch()
    let tiny = TinyCLIP()
    let plain = tiny.configuration().replacing("\"quick_gelu\": true,", with: "")
    #expect(try CLIPModel(tiny.write(to: scratch["a"], configuration: plain)).gelu == .exact)
    let path = try tiny.write(to: scratch["b"])
    try Files.remove("\(path)/open_clip_config.json")
    try Files.write("{\"model_type\": \"clip\", \"vision_config\": {}, \"text_config\": {}}", to: "\(path)/config.json")
    #expect(try CLIPModel(path).gelu == .quick)
  }

  @Test("what does not match gives a clear failure")
  func refusals() throws {
    let scratch = try Scratch()
    let tiny = TinyCLIP()
    #expect(code { _ = try CLIPModel(scratch["nowhere"]) } == "clip.weights")
    let path = try tiny.write(to: scratch["model"])
    #expect(code { _ = try CLIPModel(path, activation: .exact) } == "clip.activation")
    for (key, lie) in [
      ("\"embed_dim\": 24", "\"embed_dim\": 32"), ("\"image_size\": 12", "\"image_size\": 16"),
      ("\"layers\": 2, \"width\"", "\"layers\": 3, \"width\""), ("\"vocab_size\": 540", "\"vocab_size\": 49408"),
    ] {
      let lying = tiny.configuration().replacing(key, with: lie)
      #expect(
        code { _ = try CLIPModel(tiny.write(to: scratch["lie \(lie.count) \(key.count)"], configuration: lying)) }
          == "clip.config")
    }
    let other = tiny.configuration().replacing("\"patch_size\": 4", with: "\"patch_size\": 4, \"pool_type\": \"avg\"")
    #expect(
      code { _ = try CLIPModel(tiny.write(to: scratch["other"], configuration: other)) } == "clip.config.unsupported")
    let bare = try tiny.write(to: scratch["bare"], tokenizer: false)
    #expect(code { _ = try CLIPModel(bare).tokenizer() } == "clip.tokenizer")
    let cut = try tiny.write(to: scratch["cut"])
    let bytes = try Files.read("\(cut)/open_clip_model.safetensors")
    try Files.write(Array(bytes.dropLast(1000)), to: "\(cut)/open_clip_model.safetensors")
    #expect(code { _ = try CLIPModel(cut) } == "safetensors.short")
  }

  @Test("a text tower alone embeds texts and refuses images")
  func oneTower() throws {
    let scratch = try Scratch()
    let path = try TinyCLIP().write(to: scratch["model"])
    let tensors = try TinyCLIP().tensors()
    let text = try NamedTensors(tensors.pairs.filter { !$0.name.hasPrefix("visual.") }.map { ($0.name, $0.tensor) })
    try Files.write(try SafetensorsFile.bytes(of: text), to: "\(path)/open_clip_model.safetensors")
    let model = try CLIPModel(path)
    let threads = WorkerThreads(1)
    defer { threads.stop() }
    #expect(try TextEmbedder(model, backend: FastBackend(), threads: threads).embed(["rain"]).count == 1)
    #expect(code { _ = try ImageEmbedder(model, backend: FastBackend(), threads: threads) } == "clip.tower")
  }

  @Test("float16 and bfloat16 weights give the same embeddings as their float32 values")
  func narrow() throws {
    let scratch = try Scratch()
    let tensors = try TinyCLIP().tensors()
    for type in [ElementType.float16, .bfloat16] {
      let narrow = try NamedTensors(tensors.pairs.map { ($0.name, try $0.tensor.converted(to: type)) })
      let wide = try NamedTensors(narrow.pairs.map { ($0.name, try $0.tensor.converted(to: .float32)) })
      let paths = try [("narrow", narrow), ("wide", wide)].map { name, tensors in
        let path = try TinyCLIP().write(to: scratch["\(type) \(name)"])
        try Files.write(try SafetensorsFile.bytes(of: tensors), to: "\(path)/open_clip_model.safetensors")
        return path
      }
      #expect(try embeddings(paths[0]) == embeddings(paths[1]), "\(type)")
    }
  }

  @Test("a text's embedding does not depend on the other texts in the batch")
  func company() throws {
    let scratch = try Scratch()
    let model = try CLIPModel(TinyCLIP().write(to: scratch["model"]))
    let threads = WorkerThreads(3)
    defer { threads.stop() }
    let embedder = try TextEmbedder(model, backend: FastBackend(), threads: threads)
    let texts = ["rain", "a dog", "", "a dog in the rain and more of it than fits", "dog"]
    let together = try embedder.embed(texts)
    for (text, row) in zip(texts, together) { #expect(try embedder.embed([text]) == [row]) }
    #expect(embedder.tokenizer.encode(texts[3]).count == 12)
  }

  @Test("damaged configurations and tokenizers are read or refused, and nothing worse")
  func mutations() throws {
    let scratch = try Scratch()
    let tiny = TinyCLIP()
    let path = try tiny.write(to: scratch["model"])
    let configuration = Array(tiny.configuration().utf8)
    #expect(
      Mutations.problems(of: configuration, "open_clip_config.json", trials: 400) { bytes in
        try Mutations.write(bytes, to: "\(path)/open_clip_config.json")
        _ = try CLIPModel(path, activation: .quick)
      }.isEmpty)
    try Mutations.write(configuration, to: "\(path)/open_clip_config.json")
    #expect(
      Mutations.problems(of: Array(TinyCLIP.merges.utf8), "merges.txt", trials: 400) { bytes in
        try Mutations.write(bytes, to: "\(path)/merges.txt")
        _ = try CLIPModel(path).tokenizer().encode("rain on a dog")
      }.isEmpty)
    let weights = try Files.read("\(path)/open_clip_model.safetensors")
    #expect(
      Mutations.problems(of: weights, "CLIP weights", trials: 200, head: 4096) { bytes in
        try Mutations.write(bytes, to: "\(path)/open_clip_model.safetensors")
        _ = try CLIPModel(path)
      }.isEmpty)
  }
}
