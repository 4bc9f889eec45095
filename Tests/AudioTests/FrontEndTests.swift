import Basics
import Kernels
import Testing

@testable import Audio

@Suite("The spectrogram front end")
struct FrontEndTests {
  private static let samples = 4_000
  private let kernels = FastBackend().ops

  private func wave(_ clip: Int, _ place: UnsafeMutablePointer<Float>) {
    var random = SeededRandom(seed: UInt64(clip + 1))
    for i in 0..<Self.samples { place[i] = Float(random.uniform() - 0.5) * Float(clip + 1) / 4 }
  }

  private func computed(_ clips: Int, _ scope: NormalizationScope, threads count: Int) -> [Float] {
    let threads = WorkerThreads(count)
    defer { threads.stop() }
    let result = FloatBuffer(clips * FrontEnd.bins * FrontEnd.frames(samples: Self.samples))
    FrontEnd.compute(
      clips: clips, samples: Self.samples, scope: scope, ops: kernels, threads: threads,
      waveform: { self.wave($0, $1) }, into: result)
    return result.values
  }

  @Test("each scope gives its clips zero mean and unit deviation", arguments: NormalizationScope.allCases)
  func normalization(scope: NormalizationScope) {
    let values = computed(3, scope, threads: 2).map(Double.init)
    let size = values.count / 3
    for part in scope == .batch ? [values] : (0..<3).map({ Array(values[$0 * size..<($0 + 1) * size]) }) {
      let mean = part.reduce(0, +) / Double(part.count)
      let variance = part.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(part.count - 1)
      #expect(abs(mean) < 1e-5 && abs(variance - 1) < 1e-4)
    }
  }

  @Test("bits do not depend on threads, and pieces normalized together give those of a batch")
  func bits() {
    for scope in NormalizationScope.allCases {
      #expect(computed(5, scope, threads: 1) == computed(5, scope, threads: 3))
    }
    let size = FrontEnd.bins * FrontEnd.frames(samples: Self.samples)
    let space = SpectrogramWorkspace(samples: Self.samples)
    let buffer = FloatBuffer(5 * size)
    var together = SpectrogramMoments()
    for clip in 0..<5 {
      let found = space.spectrogram(Self.samples, kernels, into: buffer.start + clip * size) { wave(clip, $0) }
      together.add(count: size, mean: found.mean, m2: found.m2)
    }
    together.norm.normalize(5 * size, buffer.start, kernels)
    #expect(buffer.values == computed(5, .batch, threads: 2))
  }
}
