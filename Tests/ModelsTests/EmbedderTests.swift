import Audio
import Basics
import Kernels
import Models
import Networks
import TestSupport
import Testing

@Suite("Embedding with frozen weights")
struct EmbedderTests {
  private func embedder(threads: Int) -> Embedder {
    Embedder(
      RandomStudent.model(seed: 7), project: true, backend: FastBackend(), threads: WorkerThreads(threads))
  }

  private func audio(_ seed: UInt64, _ samples: Int) -> [Float] {
    var random = SeededRandom(seed: seed)
    return (0..<samples).map { _ in Float(random.uniform() - 0.5) }
  }

  private func embed(_ embedder: Embedder, _ audioClips: [[Float]]) throws -> [[Float]] {
    let rows = try embedder.embed(audioClips.count, samples: audioClips[0].count) { clip, place in
      place.update(from: audioClips[clip], count: audioClips[clip].count)
    }
    return audioClips.indices.map { rows[$0 * 512..<($0 + 1) * 512] }
  }

  @Test(
    "a clip's bits do not depend on other clips, thread count or lengths embedded before",
    arguments: [
      16_000, 40_001, 160_000,
    ])
  func sameBits(samples: Int) throws {
    let audioClips = (0..<11).map { audio(UInt64($0), samples) }
    let one = embedder(threads: 1)
    let alone = try audioClips.map { try embed(one, [$0])[0] }
    for threads in [1, 2, 3] {
      let many = embedder(threads: threads)
      _ = try embed(many, [audio(99, 7_000)])
      #expect(try embed(many, audioClips) == alone, "\(threads) threads")
      #expect(try embed(many, Array(audioClips.reversed())) == alone.reversed())
    }
  }

  @Test("more threads than clips: any thread may take a group, at any length")
  func manyThreads() throws {
    let (one, many) = (embedder(threads: 1), embedder(threads: 8))
    for (clips, samples) in [(4, 8_000), (5, 24_000), (2, 48_000), (7, 56_000)] {
      let audioClips = (0..<clips).map { audio(UInt64($0), samples) }
      let expected = try embed(one, audioClips)
      for _ in 0..<4 { #expect(try embed(many, audioClips) == expected, "\(clips) clips") }
    }
  }

  @Test("clips normalized together get the moments of all of them")
  func together() throws {
    let audioClips = (0..<3).map { audio(UInt64($0), 16_000) }
    let embedder = embedder(threads: 2)
    let batch = try embedder.embed(3, scope: .batch) { clip, place in
      place.update(from: audioClips[clip], count: 16_000)
    }
    var moments = SpectrogramMoments()
    for audio in audioClips {
      try embedder.add(1, samples: 16_000, to: &moments) { _, place in place.update(from: audio, count: 16_000) }
    }
    let norm = moments.norm
    for (clip, audio) in audioClips.enumerated() {
      let place = { @Sendable (_: Int, place: UnsafeMutablePointer<Float>) in place.update(from: audio, count: 16_000) }
      let row = try embedder.embed(1, samples: 16_000, norm: { _ in norm }, waveform: place)
      #expect(row.values == batch[clip * 512..<(clip + 1) * 512])
      #expect(try embed(embedder, [audio])[0] != row.values)
    }
  }
}
