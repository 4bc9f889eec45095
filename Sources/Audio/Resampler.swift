import Basics
import CResampler
import Synchronization

/// Converts audio between sample rates with a polyphase windowed sinc filter, flat to 7 kHz at the encoder's rate. The
/// bits are the same on every CPU.
package enum Resampler {
  /// The accepted sample rates. A higher rate is damage, or would need more memory than a worker has.
  package static let rates = 1...768_000

  /// Resamples the audio from input position `origin` on and adds it to `output`. Where the filter reaches outside
  /// `input`, the output is left unchanged.
  /// - Parameter input: its first `count` samples are used.
  /// - Parameter plain: for tests: without vector instructions that some CPUs lack.
  /// - Returns: false if there is no memory for the filter.
  package static func add(
    _ input: [Float], count: Int, origin: Int, from: Int, to: Int, plain: Bool = false, into output: inout [Float]
  ) -> Bool {
    let used: Void? = use(from: from, to: to) { filter in
      resampler_use_plain(filter, plain)
      resampler_add(filter, input, Int64(count), Int64(origin), &output, Int64(output.count))
    }
    return used != nil
  }

  /// Converts audio to the encoder's rate: ⌈samples · 16000 / rate⌉ samples, with silence assumed before and after.
  /// Audio at 16 kHz is returned unchanged.
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

  /// The filters of this process that no thread is using, the last used one last. The same few sample rates come again
  /// and again, and making a filter takes longer than using it.
  private struct Idle {
    var filters: [(from: Int, to: Int, handle: OpaquePointer)] = []
  }
  private static let idle = Mutex(Idle())
  /// A filter for an unusual pair of rates takes up to 4 MB.
  private static let mostIdle = 8

  /// - Returns: the result of `body`; nil if there is no memory for the filter.
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

  /// A filter on its way into or out of the list; one thread has it at a time.
  private struct SendablePointer: @unchecked Sendable { let handle: OpaquePointer }
}
