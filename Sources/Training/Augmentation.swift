import Audio
import Basics

/// What is done to clips on their way into a batch. Off by default, as in the reference; part of a run's identity.
package struct Augmentation: Codable, Sendable, Equatable {
  /// Seconds of a random crop, the same of audio and of teacher rows; nil: the whole clip.
  package var cropSeconds: Double?
  /// Audio is made louder or softer by up to so many decibels.
  package var gainDecibels = 0.0
  /// Masks of SpecAugment (Park et al. 2019): so many bands of frequencies and so many of times are set to the mean.
  package var spectrogramMasks = 0
  /// The share of clips that are mixed with another one of the batch, audio and embeddings alike (Zhang et al. 2018).
  package var mixup = 0.0

  package init() {}

  /// Widest masks, in bins and in frames.
  static let (widestBand, widestTime) = (27, 64)
}

/// How one clip is seen in one epoch: a function of seed, epoch and clip id, whatever batch it is in.
struct ClipView {
  /// First sample.
  let start: Int
  let gain: Float
  /// Of the clip itself; the rest is the partner's.
  let share: Float
  /// Of spectrogram cells that are set to zero, the mean: bins × frames.
  let masks: [(bins: Range<Int>, frames: Range<Int>)]

  /// - Parameters:
  ///   - samples: of the whole clip; `taken`: of what is taken of it.
  init(_ augmentation: Augmentation, seed: UInt64, epoch: Int, clip: String, samples: Int, taken: Int) {
    var random = SeededRandom(seed: seed, for: "view\0" + clip, UInt64(epoch))
    start = Int(random.uniform() * Double(samples - taken + 1))
    let decibels = (2 * random.uniform() - 1) * augmentation.gainDecibels
    gain = augmentation.gainDecibels == 0 ? 1 : Float(exponential(decibels / 20 * 2.302585092994046))
    let mixes = random.uniform() < augmentation.mixup
    let portion = Float(0.5 + 0.5 * random.uniform())
    share = mixes ? portion : 1
    let frames = FrontEnd.frames(samples: taken)
    masks = (0..<augmentation.spectrogramMasks).flatMap { _ in
      let band = Self.range(FrontEnd.bins, widest: Augmentation.widestBand, &random)
      let time = Self.range(frames, widest: min(Augmentation.widestTime, frames), &random)
      return [(bins: band, frames: 0..<frames), (bins: 0..<FrontEnd.bins, frames: time)]
    }
  }

  private static func range(_ count: Int, widest: Int, _ random: inout SeededRandom) -> Range<Int> {
    let width = Int(random.uniform() * Double(widest + 1))
    let start = Int(random.uniform() * Double(count - width + 1))
    return start..<start + width
  }
}
