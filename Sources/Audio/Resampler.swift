import Basics
import CResampler
import Synchronization

/// Audio of one sample rate at another: a polyphase windowed sinc, flat to 7 kHz at the encoder's rate. The same bits
/// on every CPU.
package enum Resampler {
  /// Samples a second that can be resampled: a rate above is damage, or asks for memory that a worker does not have.
  package static let rates = 1...768_000

  /// Adds to `output` the audio from input position `origin` on, resampled. Where the filter reaches outside `input`
  /// the output stays as it was.
  /// - Parameter input: its first `count` samples are used.
  /// - Parameter plain: for tests: without vector instructions that some CPUs lack.
  /// - Returns: false where there is no memory for the filter.
  package static func add(
    _ input: [Float], count: Int, origin: Int, from: Int, to: Int, plain: Bool = false, into output: inout [Float]
  ) -> Bool {
    let used: Void? = use(from: from, to: to) { filter in
      resampler_use_plain(filter, plain)
      resampler_add(filter, input, Int64(count), Int64(origin), &output, Int64(output.count))
    }
    return used != nil
  }

  /// Audio at the encoder's rate: ⌈samples · 16000 / rate⌉ samples, silence assumed before and after. Audio at 16 kHz
  /// stays as it is.
  /// - Throws: `embed.rate`, `embed.nonfinite`.
  package static func toEncoderRate(_ samples: [Float], from rate: Double) throws -> [Float] {
    guard rate >= Double(rates.lowerBound), rate <= Double(rates.upperBound), rate == rate.rounded() else {
      throw Failure.sampleRate(rate)
    }
    if let place = samples.firstIndex(where: { !$0.isFinite }) { throw Failure.notFinite(place, samples[place]) }
    let (from, to) = (Int(rate), FrontEnd.sampleRate)
    if from == to { return samples }
    let count = (samples.count * to + from - 1) / from
    let result = use(from: from, to: to) { filter in
      let reach = Int(resampler_reach(filter))
      let margin = [Float](repeating: 0, count: reach)
      let padded = margin + samples + margin
      var result = [Float](repeating: 0, count: count)
      resampler_use_plain(filter, false)
      resampler_add(filter, padded, Int64(padded.count), Int64(reach), &result, Int64(count))
      return result
    }
    guard let result else { throw Failure.sampleRate(rate) }
    return result
  }

  // MARK: Filters

  /// The filters of this process that no thread uses now: the same few sample rates come again and again, and making a
  /// filter takes longer than using it. The one used last is last.
  private struct Idle {
    var filters: [(from: Int, to: Int, handle: OpaquePointer)] = []
  }
  private static let idle = Mutex(Idle())
  /// A filter of odd rates takes up to 4 MB.
  private static let mostIdle = 8

  /// - Returns: what `body` returns; nil without memory for the filter.
  private static func use<T>(from: Int, to: Int, _ body: (OpaquePointer) -> T) -> T? {
    let found = idle.withLock { idle in
      idle.filters.firstIndex { $0.from == from && $0.to == to }.map {
        SendablePointer(handle: idle.filters.remove(at: $0).handle)
      }
    }
    guard let filter = found?.handle ?? resampler_make(Int32(from), Int32(to)) else { return nil }
    let result = body(filter)
    let kept = SendablePointer(handle: filter)
    idle.withLock { idle in
      idle.filters.append((from, to, kept.handle))
      if idle.filters.count > mostIdle { resampler_free(idle.filters.removeFirst().handle) }
    }
    return result
  }

  /// A filter on its way into or out of the list: one thread has it at a time.
  private struct SendablePointer: @unchecked Sendable { let handle: OpaquePointer }
}
