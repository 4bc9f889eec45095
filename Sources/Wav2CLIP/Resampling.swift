import Basics
import CResampler

/// Sound of any rate at the encoder's.
enum Resampling {
  private static let rates = 1.0...768_000.0

  /// The sound at 16 kHz: ⌈samples · 16000 / rate⌉ samples, silence assumed before and after. Sound at 16 kHz stays as it is.
  ///
  /// The same filter as in `pipeline prepare`: a windowed sinc, flat to 7 kHz.
  /// - Throws: `embed.rate`, `embed.nonfinite`.
  static func toEncoderRate(_ samples: [Float], from rate: Double) throws -> [Float] {
    guard rates.contains(rate), rate == rate.rounded() else { throw Failure.sampleRate(rate) }
    if let place = samples.firstIndex(where: { !$0.isFinite }) { throw Failure.notFinite(place, samples[place]) }
    let (from, to) = (Int(rate), Int(AudioEmbedder.sampleRate))
    if from == to { return samples }
    guard let filter = resampler_make(Int32(from), Int32(to)) else { throw Failure.sampleRate(rate) }
    defer { resampler_free(filter) }
    let reach = Int(resampler_reach(filter))
    let margin = [Float](repeating: 0, count: reach)
    let padded = margin + samples + margin
    let count = (samples.count * to + from - 1) / from
    var result = [Float](repeating: 0, count: count)
    resampler_add(filter, padded, Int64(padded.count), Int64(reach), &result, Int64(count))
    return result
  }
}
