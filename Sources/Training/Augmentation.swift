import Audio
import Basics

/// The augmentation of clips in a batch. Off by default, as in the reference; part of a run's identity.
package struct Augmentation: Codable, Sendable, Equatable {
  /// Length of a random crop of audio and teacher rows, in seconds; nil: the whole clip.
  package var cropSeconds: Double?
  /// The largest random change of the audio's level, up or down, in decibels.
  package var gainDecibels = 0.0
  /// The number of frequency masks and of time masks of SpecAugment (Park et al. 2019); masked cells are set to the
  /// mean.
  package var spectrogramMasks = 0
  /// The share of clips that are mixed with another clip of the batch, both audio and embeddings (Zhang et al. 2018).
  package var mixup = 0.0

  package init() {}

  /// The widest masks, in frequency bins and in spectrogram frames.
  static let (widestBand, widestTime) = (27, 64)
}

/// The augmentation of one clip in one epoch: depends only on seed, epoch and clip id, not on the batch.
struct ClipView {
  /// The first sample of the crop.
  let start: Int
  let gain: Float
  /// The clip's own share in the mix; the rest is its partner's.
  let share: Float
  /// The spectrogram cells that are set to zero, which is the mean: bins × frames.
  let masks: [(bins: Range<Int>, frames: Range<Int>)]

  /// - Parameters:
  ///   - samples: the length of the whole clip; `taken`: that of the crop.
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
