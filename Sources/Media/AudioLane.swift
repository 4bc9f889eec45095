import Audio
import Corpus

/// The samples of one source rate that the next piece of a stream needs, with silence in the gaps.
struct AudioLane {
  let rate: Int
  /// Samples kept before and after a piece, for the resampler's filter.
  let margin: Int
  /// From the first decoded sample at position 0 or later to the end of the last one.
  private(set) var heard: Range<Int64>?
  private var mean: [Float] = []
  private var first: [Float] = []
  /// The position of the first kept sample.
  private var base: Int64
  /// The position after the last decoded sample.
  private var end = Int64.min

  /// - Parameter second: the start of the next piece.
  init(rate: Int, second: Int) {
    self.rate = rate
    // The filter reaches 22 samples of the slower rate to each side, and its last group of lanes a little further.
    margin = 32 * max(1, (rate + AudioStream.rate - 1) / AudioStream.rate) + 64
    base = Int64(second * rate - margin)
    let usual = ClipLength.usual * rate + 2 * margin
    mean.reserveCapacity(usual)
    first.reserveCapacity(usual)
  }

  /// The number of 16 kHz samples from the beginning to the end of the audio decoded so far.
  var outputEnd: Int64 {
    heard.map { ($0.upperBound * Int64(AudioStream.rate) + Int64(rate) - 1) / Int64(rate) } ?? 0
  }

  /// The position after the last sample that a piece ending at this second needs.
  func end(of second: Int) -> Int64 { Int64(second * rate + margin) }

  mutating func add(_ block: AudioBlock, from source: any AudioSource, into energies: inout ChannelEnergies) throws {
    let passed = Int(max(0, base - block.start))
    guard passed < block.count else { return }
    let kept = block.dropping(passed)
    let place = Int(kept.start - base)
    extend(to: place + kept.count)
    let isWritten = try mean.withUnsafeMutableBufferPointer { mean in
      try first.withUnsafeMutableBufferPointer { first in
        guard let mean = mean.baseAddress, let first = first.baseAddress else { return false }
        return try source.mix(
          from: kept.skipped, count: kept.count, mean: mean + place, first: first + place, into: &energies)
      }
    }
    end = max(end, kept.start + Int64(kept.count))
    let range = max(0, kept.start)..<max(0, kept.start + Int64(kept.count))
    if isWritten, !range.isEmpty {
      heard = heard.map { min($0.lowerBound, range.lowerBound)..<max($0.upperBound, range.upperBound) } ?? range
    }
  }

  private mutating func extend(to count: Int) {
    guard count > mean.count else { return }
    mean.append(contentsOf: repeatElement(0, count: count - mean.count))
    first.append(contentsOf: repeatElement(0, count: count - first.count))
  }

  /// Resamples these seconds to 16 kHz and adds them to `output`.
  /// - Parameter plain: for tests: without vector instructions that some CPUs lack.
  /// - Throws: `Refusal`: `media.memory`.
  mutating func resample(_ seconds: Range<Int>, takingFirst: Bool, plain: Bool, into output: inout [Float]) throws {
    guard end > base else { return }
    let origin = Int(Int64(seconds.lowerBound * rate) - base)
    if rate == AudioStream.rate {
      let source = takingFirst ? first : mean
      for i in 0..<max(0, min(output.count, source.count - origin)) { output[i] += source[origin + i] }
      return
    }
    let count = Int(end(of: seconds.upperBound) - base)
    extend(to: count)
    let source = takingFirst ? first : mean
    guard
      Resampler.add(
        source, count: count, origin: origin, from: rate, to: AudioStream.rate, plain: plain, into: &output)
    else { throw Refusal(.outOfMemory("resampling")) }
  }

  /// Drops the samples that no piece from this second on needs.
  mutating func forget(before second: Int) {
    let kept = Int64(second * rate - margin)
    guard kept > base else { return }
    guard end > kept else {
      (mean, first, base) = ([], [], kept)
      return
    }
    let dropped = min(Int(kept - base), mean.count)
    mean.removeFirst(dropped)
    first.removeFirst(dropped)
    base = kept
  }
}
