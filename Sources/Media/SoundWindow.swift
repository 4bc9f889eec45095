import Audio
import CFFmpeg
import Corpus

/// The samples of one clip at one source rate: silence where nothing was placed.
///
/// Position 0 is the clip's start, and so is output sample 0. A margin on both sides holds real sound where there is some, for the
/// resampler's filter.
final class SoundWindow {
  let rate: Int
  /// Samples before position 0 and after the clip's end.
  let margin: Int
  private(set) var energies = SoundEnergies()
  /// The positions inside the clip that hold decoded samples begin and end here.
  private(set) var covered: Range<Int>?
  private var mean: [Float]
  private var first: [Float]

  static let outputRate = 16_000
  static let outputCount = outputRate * DecodeRequest.clipSeconds
  /// A rate above this is damage, or asks for memory that a worker does not have.
  static let highestRate = 768_000

  init(rate: Int) {
    self.rate = rate
    // The filter reaches 22 samples of the slower rate to each side, and its last group of lanes a little further.
    margin = 32 * max(1, (rate + Self.outputRate - 1) / Self.outputRate) + 64
    let count = DecodeRequest.clipSeconds * rate + 2 * margin
    mean = [Float](repeating: 0, count: count)
    first = mean
  }

  /// Positions at or after this are of no use.
  var end: Int64 { Int64(mean.count - margin) }

  /// Puts samples [skipped, count) of a frame at `start`; what lies outside the window is left out.
  /// - Returns: 0, or libav's code for a sample format that is not known or for a lack of memory.
  func add(_ frame: OpaquePointer, skipping skipped: Int, of count: Int, at start: Int64) -> Int32 {
    let lowest = Int64(-margin)
    let from = max(start, lowest)
    let to = min(start + Int64(count - skipped), end)
    guard from < to else { return 0 }
    let offset = Int(from - lowest)
    let kept = Int(to - from)
    let result = mean.withUnsafeMutableBufferPointer { mean in
      first.withUnsafeMutableBufferPointer { first -> Int32 in
        guard let mean = mean.baseAddress, let first = first.baseAddress else { return 0 }
        return energies.mix(
          frame, from: skipped + Int(from - start), count: kept, mean: mean + offset, first: first + offset)
      }
    }
    if result != 0 { return result }
    let inside = max(0, Int(from))..<max(max(0, Int(from)), min(Int(to), DecodeRequest.clipSeconds * rate))
    if !inside.isEmpty {
      covered = covered.map { min($0.lowerBound, inside.lowerBound)..<max($0.upperBound, inside.upperBound) } ?? inside
    }
    return 0
  }

  /// Adds the clip at 16 kHz to `output` (160,000 samples, full scale 1).
  /// - Parameter plain: for tests: without vector instructions that some CPUs lack.
  /// - Throws: `Refusal`: `media.memory`.
  func resample(takingFirst: Bool, plain: Bool, into output: inout [Float]) throws {
    let source = takingFirst ? first : mean
    if rate == Self.outputRate {
      for i in 0..<Self.outputCount { output[i] += source[margin + i] }
      return
    }
    guard
      Resampler.add(
        source, count: source.count, origin: margin, from: rate, to: Self.outputRate, plain: plain, into: &output)
    else { throw Refusal(.outOfMemory("resampling")) }
  }
}
