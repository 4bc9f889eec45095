import Audio
import Basics
import Foundation
import Models
import TestSupport
import Testing

@testable import Wav2CLIP

@Suite("AudioEmbedder", .serialized)
struct AudioEmbedderTests {
  private let scratch: Scratch
  private let embedder: AudioEmbedder

  init() throws {
    scratch = try Scratch()
    try RandomStudent.write(to: scratch["w.safetensors"])
    embedder = try AudioEmbedder(weights: scratch["w.safetensors"], threads: 2)
  }

  private func audio(_ seed: UInt64, seconds: Double, rate: Double = 16_000) -> [Float] {
    var random = SeededRandom(seed: seed)
    return (0..<Int(seconds * rate)).map { i in
      Float(0.3 * sin(2 * .pi * 440 * Double(i) / rate) + 0.2 * (random.uniform() - 0.5))
    }
  }

  @Test("every format of the same weights gives the same bits, and so do one thread and three")
  func formats() throws {
    let audio = audio(1, seconds: 2)
    let expected = try embedder.embed(audio, sampleRate: 16_000)
    #expect(expected.count == 512 && embedder.width == 512 && embedder.isProjected)
    for ending in ["bin", "onnx"] {
      try RandomStudent.write(to: scratch["w.\(ending)"])
      let other = try AudioEmbedder(weights: scratch["w.\(ending)"], threads: ending == "bin" ? 1 : 3)
      #expect(try other.embed(audio, sampleRate: 16_000) == expected, "\(ending)")
      #expect(other.metadata["n_fft"] == "512")
    }
  }

  @Test("audio clips of several lengths are embedded together as each alone")
  func several() throws {
    let audioClips = [0.02, 1, 10, 1, 3.3].enumerated().map { audio(UInt64($0.offset), seconds: $0.element) }
    let together = try embedder.embed(audioClips, sampleRate: 16_000)
    let alone = try AudioEmbedder(weights: scratch["w.safetensors"], threads: 1)
    for (audio, embedding) in zip(audioClips, together) {
      #expect(try alone.embed(audio, sampleRate: 16_000) == embedding)
    }
    #expect(try embedder.embed([[Float]](), sampleRate: 16_000).isEmpty)
  }

  @Test("normalized embeddings keep their direction; without the projection the embedding differs")
  func options() throws {
    let audio = audio(1, seconds: 1)
    let plain = try embedder.embed(audio, sampleRate: 16_000)
    let unit = try AudioEmbedder(weights: scratch["w.safetensors"], normalize: true).embed(audio, sampleRate: 16_000)
    let norm = plain.reduce(0) { $0 + $1 * $1 }.squareRoot()
    for (a, b) in zip(plain, unit) { #expect(abs(a / norm - b) < 1e-6) }
    let encoder = try AudioEmbedder(weights: scratch["w.safetensors"], projection: false)
    #expect(!encoder.isProjected)
    // After the last ReLU and the mean, no value is negative.
    #expect(try encoder.embed(audio, sampleRate: 16_000).allSatisfy { $0 >= 0 })
    #expect(plain.contains { $0 < 0 })
  }

  @Test("windows begin one hop apart, the tail is dropped, and all are normalized together", arguments: [1, 0.5, 2.5])
  func windows(hop: Double) throws {
    // A loud half and a quiet half; if each window were normalized alone, they would look alike.
    let audio = audio(1, seconds: 3) + audio(2, seconds: 3.9).map { $0 * 0.01 }
    let windows = try embedder.embedWindows(audio, sampleRate: 16_000, hop: hop)
    #expect(windows.count == 1 + Int((6.9 - 1) / hop))
    let alone = try embedder.embed(Array(audio[..<16_000]), sampleRate: 16_000)
    #expect(windows[0] != alone)
    #expect(try embedder.embedWindows(Array(audio[..<16_000]), sampleRate: 16_000, hop: hop) == [alone])
    #expect(try embedder.embedWindows(Array(audio[..<15_999]), sampleRate: 16_000, hop: hop).isEmpty)
  }

  @Test("audio shorter than a window has one embedding of the whole, if requested")
  func shortAsWhole() throws {
    let clips = [audio(1, seconds: 0.6), audio(2, seconds: 2.5), audio(3, seconds: 0.01)]
    let cut = try WindowCut(hopSeconds: 1)
    let found = try embedder.embedWindows(clips, cut, shortAsWhole: true)
    #expect(try found[0] == [embedder.embed(clips[0], sampleRate: 16_000)])
    #expect(try found[1] == embedder.embedWindows(clips, cut)[1] && found[1].count == 2)
    #expect(found[2].isEmpty)
  }

  @Test("an audio clip in pieces gives the windows of the whole", arguments: [1, 0.25, 1.75, 3])
  func pieces(hop: Double) throws {
    let cut = try WindowCut(hopSeconds: hop)
    let audio = audio(4, seconds: 11.3)
    let whole = try embedder.embedWindows([audio], cut)[0]
    for size in [1000, 7_777, 16_000, 50_000] {
      let pieces = stride(from: 0, to: audio.count, by: size).map { Array(audio[$0..<min(audio.count, $0 + size)]) }
      var stream = WindowStream(cut)
      var (moments, ready) = (SpectrogramMoments(), [[Float]]())
      for piece in pieces {
        let part = stream.take(piece)
        if part.isEmpty { continue }
        try embedder.addWindows(of: part, cut, to: &moments)
        ready.append(part)
      }
      let norm = moments.norm
      #expect(try ready.flatMap { try embedder.embedWindows(of: $0, cut, norm: norm) } == whole, "pieces of \(size)")
    }
  }

  @Test("the sample rate hardly matters: 44.1 kHz and 8 kHz give nearly the embedding of 16 kHz")
  func rates() throws {
    func chord(_ rate: Double) -> [Float] {
      // Below 7/16 of the lowest rate, where the filter is flat, and with a noise floor, as all real audio has.
      (0..<Int(3 * rate)).map { i in
        let t = Double(i) / rate
        return Float(stride(from: 110.0, to: 3_400, by: 137).reduce(0) { $0 + 0.02 * sin(2 * .pi * $1 * t + $1) })
      }
    }
    var random = SeededRandom(seed: 9)
    let floor = (0..<48_000).map { _ in Float(0.004 * random.normal()) }
    let expected = chord(16_000)
    for rate in [8_000.0, 22_050, 44_100, 48_000, 96_000] {
      let found = try Resampler.toEncoderRate(chord(rate), from: rate)
      #expect(found.count == expected.count, "\(rate)")
      let a = try embedder.embed(zip(found, floor).map(+), sampleRate: 16_000)
      let b = try embedder.embed(zip(expected, floor).map(+), sampleRate: 16_000)
      let distance = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
      let share = distance / b.reduce(0) { $0 + $1 * $1 }.squareRoot()
      print("the same chord at \(rate) Hz: \(share) of the norm")
      #expect(share < 0.01, "\(rate)")
    }
  }

  @Test("what cannot be embedded is an error with a code and a hint")
  func errors() throws {
    func code(_ body: () throws -> Void) -> String? {
      do { try body() } catch { return (error as? EmbeddingError)?.code ?? "\(error)" }
      return nil
    }
    let second = audio(1, seconds: 1)
    #expect(code { _ = try embedder.embed(Array(second.prefix(256)), sampleRate: 16_000) } == "embed.short")
    #expect(code { _ = try embedder.embed(Array(second.prefix(257)), sampleRate: 16_000) } == nil)
    #expect(code { _ = try embedder.embed(audio(1, seconds: 60.1), sampleRate: 16_000) } == "embed.long")
    #expect(code { _ = try embedder.embed(second + [.nan], sampleRate: 16_000) } == "embed.nonfinite")
    for rate in [0, -1, 44_100.5, 1e9, .nan] {
      #expect(code { _ = try embedder.embed(second, sampleRate: rate) } == "embed.rate")
    }
    for hop in [0, 0.001, -1, 4000, .nan] {
      #expect(code { _ = try embedder.embedWindows(second, sampleRate: 16_000, hop: hop) } == "embed.hop")
    }
    #expect(code { _ = try AudioEmbedder(weights: "nowhere.bin") } == "file.open")
    #expect(code { _ = try AudioEmbedder(weights: "weights.h5") } == "file.open")
    try Files.write("x", to: scratch["x.h5"])
    #expect(code { _ = try AudioEmbedder(weights: scratch["x.h5"]) } == "weights.extension")
    var weights = try WeightFiles.read(scratch["w.safetensors"]).weights
    weights.set("audio_encoder.bn1.bias", .init(shape: [3], floats: [1, 2, 3]))
    try WeightFiles.write(weights, metadata: [:], to: scratch["shape.bin"])
    #expect(code { _ = try AudioEmbedder(weights: scratch["shape.bin"]) } == "weights.shape")
  }
}
