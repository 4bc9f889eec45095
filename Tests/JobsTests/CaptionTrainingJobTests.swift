import Basics
import Caption
import Kernels
import Models
import Networks
import Shards
import TestSupport
import Testing
import Training

@Suite("Captioners from embeddings and sentences")
struct CaptionTrainingJobTests {
  private static let kinds: [(direction: Int, sentences: [String])] = [
    (0, ["a dog barks.", "A dog barks far away."]), (1, ["rain falls on a roof.", "the rain falls."]),
    (2, ["people laugh together.", "some people laugh and clap."]),
  ]

  /// Writes audio clips with two embeddings each, which point roughly in the direction of the clip's kind.
  private static func embeddings(_ count: Int, seed: UInt64, to path: String) throws -> [String: [String]] {
    var random = SeededRandom(seed: seed)
    var (rows, captions) = ([String: [Float]](), [String: [String]]())
    for audio in 0..<count {
      let kind = kinds[audio % 3]
      rows["sound\(100 + audio)"] = (0..<2 * 12).map {
        Float(($0 % 12 == kind.direction ? 1 : 0) + 0.05 * random.normal())
      }
      captions["sound\(100 + audio)"] = kind.sentences
    }
    let items = rows.keys.sorted().map { EmbeddingSet.Item(key: $0, rows: 2, seconds: 2) }
    let found = rows
    try EmbeddingFormats.writing(path).write(
      EmbeddingSet(items, width: 12, times: { Double($0) }, metadata: { [:] }, values: { found[$0] ?? [] }), to: path)
    return captions
  }

  /// The share of captions that equal one of their audio's references, word for word.
  private static func score(_ captions: [String], _ references: [[String]]) -> [String: Double] {
    let found = zip(captions, references).count { caption, texts in
      texts.contains { CaptionWords.split($0).joined(separator: " ") == caption }
    }
    return ["CIDEr-D": Double(found) / Double(captions.count)]
  }

  private static func settings(_ scratch: Scratch) throws -> CaptionTrainSettings {
    var settings = CaptionTrainSettings()
    settings.captions = try embeddings(18, seed: 1, to: scratch["train.npz"])
    settings.validationCaptions = try embeddings(6, seed: 2, to: scratch["validation.npz"])
    (settings.embeddings, settings.validationEmbeddings) = (scratch["train.npz"], scratch["validation.npz"])
    (settings.directory, settings.output) = (scratch["captioners"], scratch["captioner.safetensors"])
    (settings.decoder.width, settings.decoder.heads) = (16, 2)
    (settings.decoder.depth, settings.decoder.hidden) = (1, 24)
    (settings.decoder.dropout, settings.decoder.frameDropout) = (0, 0)
    (settings.smoothing, settings.mixup, settings.threads) = (0, 0, 2)
    settings.configuration.batchSize = 12
    settings.configuration.learningRate = 5e-3
    settings.configuration.optimizer.weightDecay = 0.01
    settings.limits.epochs = 60
    settings.configuration.scheduleEpochs = 60
    settings.keepsNeighbors = true
    return settings
  }

  private func captions(_ scratch: Scratch, nearest: Bool = false) throws -> [CaptioningJob.Line] {
    var settings = CaptioningSettings()
    (settings.embeddings, settings.captioner) = (scratch["validation.npz"], scratch["captioner.safetensors"])
    (settings.nearest, settings.output, settings.threads) = (nearest, scratch["captions.jsonl"], 2)
    return try CaptioningJob(settings).run()
  }

  @Test("learns the captions of clips and writes them for unseen clips; so does the nearest clip")
  func audioClips() throws {
    let scratch = try Scratch()
    let settings = try Self.settings(scratch)
    var events: [String] = []
    try CaptionTrainJob(settings, score: Self.score).run { event in
      if case .written = event { events.append("written") }
      if case .began(_, let sentences, let audioClips, let validation, _, _) = event {
        events.append("\(sentences) \(audioClips) \(validation)")
      }
    }
    #expect(events == ["36 18 6", "written"])
    let lines = try captions(scratch)
    #expect(lines.count == 6)
    for (place, line) in lines.enumerated() {
      let said = Self.kinds[place % 3].sentences.map { CaptionWords.split($0).joined(separator: " ") }
      #expect(said.contains(line.caption), "\(line)")
      #expect(line.tokens.joined(separator: " ") == line.caption && line.score < 0)
    }
    for (place, line) in try captions(scratch, nearest: true).enumerated() {
      #expect(line.caption == Self.kinds[place % 3].sentences[0] && line.score > 0.9)
    }
    let text = String(decoding: try Files.read(scratch["captions.jsonl"]), as: UTF8.self)
    #expect(text.split(separator: "\n").count == 6 && text.contains("\"caption\":\"a dog barks.\""))
  }

  @Test("started again it does nothing, with more epochs it resumes, and the same settings give the same file")
  func again() throws {
    let scratch = try Scratch()
    var settings = try Self.settings(scratch)
    settings.limits.epochs = 3
    var stops: [String] = []
    func run() throws -> [UInt8] {
      try CaptionTrainJob(settings, score: Self.score).run { event in
        if case .training(.stopped(let why)) = event { stops.append(why) }
        if case .training(.resumed(let step)) = event { stops.append("\(step)") }
      }
      return try Files.read(settings.output)
    }
    let first = try run()
    #expect(try run() == first)
    settings.limits.epochs = 4
    let longer = try run()
    #expect(stops == ["all epochs done", "9", "up to date: all epochs done", "9", "all epochs done"])
    settings.directory = scratch["others"]
    #expect(try run() == longer)
    #expect(try Files.names(in: scratch["captioners"]).count == 1)
  }

  @Test(
    "trained on sentences alone, it captions audio clips whose embeddings are near those of the sentences",
    arguments: [
      CaptionTrainSettings.Texts.Bridge.noise, .projection,
    ])
  func texts(bridge: CaptionTrainSettings.Texts.Bridge) throws {
    let scratch = try Scratch()
    var settings = try Self.settings(scratch)
    settings.embeddings = nil
    settings.noise = bridge == .noise ? 0.05 : 0
    settings.texts = .init(bridge) { sentences in
      sentences.map { sentence in
        let kind = Self.kinds.first { $0.sentences.contains(sentence) }?.direction ?? 0
        // Texts are offset from audio, as in real models: all of them share a direction that no audio has.
        return (0..<12).map { $0 == kind ? 1 : $0 == 11 ? 0.5 : 0 }
      }
    }
    try CaptionTrainJob(settings, score: Self.score).run { _ in }
    let lines = try captions(scratch)
    let right = lines.enumerated().count { place, line in
      Self.kinds[place % 3].sentences.contains { CaptionWords.split($0).joined(separator: " ") == line.caption }
    }
    #expect(right >= 4, "\(lines.map(\.caption))")
  }

  @Test("odd sentences: empty ones are skipped, ten thousand words are truncated, markup stays text")
  func odd() throws {
    let scratch = try Scratch()
    var settings = try Self.settings(scratch)
    settings.limits.epochs = 1
    settings.captions["sound100"] = [
      "", " …! ", String(repeating: "word ", count: 10_000), "<script>alert(1)</script>",
    ]
    settings.captions["elsewhere"] = ["of no sound"]
    var notes: [String] = []
    try CaptionTrainJob(settings, score: Self.score).run { event in
      if case .note(let text) = event { notes.append(text) }
      if case .began(_, let sentences, _, _, _, _) = event { notes.append("\(sentences)") }
    }
    #expect(notes == ["36", "1 captions have more than 31 tokens and were cut"])
    settings.captions = ["elsewhere": ["of no sound"]]
    #expect(throws: Failure.self) { try CaptionTrainJob(settings, score: Self.score).run { _ in } }
    settings.captions = ["sound100": ["?"]]
    #expect(throws: Failure.self) { try CaptionTrainJob(settings, score: Self.score).run { _ in } }
  }

  @Test("ranks with different settings train nothing, and the error says which rank differs and in what")
  func differing() throws {
    let scratch = try Scratch()
    let common = try Self.settings(scratch)
    let results = RankThreads.run(2) { ranks in
      var own = common
      if ranks.rank == 1 { own.configuration.patience = 3 }
      try CaptionTrainJob(own, score: Self.score).run(ranks: ranks) { _ in }
    }
    for result in results {
      #expect {
        try result.get()
      } throws: { error in
        let failure = error as? Failure
        return failure?.code == "ranks.differ" && failure?.subject?.hasPrefix("rank 1 on ") == true
          && failure?.found?.contains("patience 3, on rank 0 10") == true
      }
    }
    #expect(!Files.exists(scratch["captioners"]))
  }

  @Test("a captioner refuses embeddings of another width, and a nearest-clip search that it has no data for")
  func refusals() throws {
    let scratch = try Scratch()
    var settings = try Self.settings(scratch)
    (settings.limits.epochs, settings.keepsNeighbors) = (1, false)
    try CaptionTrainJob(settings, score: Self.score).run { _ in }
    #expect(throws: Failure.self) { try captions(scratch, nearest: true) }
    let wide = EmbeddingSet(
      [.init(key: "x", rows: 1, seconds: 1)], width: 5, times: { Double($0) }, metadata: { [:] },
      values: { _ in [1, 2, 3, 4, 5] })
    try EmbeddingFormats.writing("a.npz").write(wide, to: scratch["validation.npz"])
    #expect(throws: Failure.self) { try captions(scratch) }
  }
}
