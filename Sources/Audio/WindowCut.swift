import Basics

/// How audio is divided into windows of one second: their starts and their number.
///
/// Works like `librosa.util.frame`, which the public package uses: the first window begins with the audio, all windows
/// are complete, and the samples after the last one are dropped.
package struct WindowCut: Sendable, Equatable {
  /// Samples of a window at 16 kHz.
  package static let length = FrontEnd.sampleRate
  /// Samples from one window to the next.
  package let hop: Int

  /// - Throws: `embed.hop` for less than ten milliseconds or more than an hour.
  package init(hopSeconds: Double) throws {
    guard hopSeconds >= 0.01, hopSeconds <= 3600 else { throw Failure.hop(hopSeconds) }
    hop = Int((hopSeconds * Double(Self.length)).rounded())
  }

  package func count(samples: Int) -> Int { samples < Self.length ? 0 : 1 + (samples - Self.length) / hop }

  /// The start of a window, in seconds.
  package func time(_ window: Int) -> Double { Double(window * hop) / Double(Self.length) }
}

/// Takes audio piece by piece and returns the complete windows as they become available.
package struct WindowStream: Sendable {
  private let cut: WindowCut
  private var kept: [Float] = []
  /// Samples to skip before the next window begins, if there are gaps between windows.
  private var skipped = 0

  package init(_ cut: WindowCut) { self.cut = cut }

  /// The samples from the next window to the last complete one; empty if there is none yet.
  package mutating func take(_ piece: [Float]) -> [Float] {
    let passed = min(skipped, piece.count)
    skipped -= passed
    kept += piece[passed...]
    let count = cut.count(samples: kept.count)
    guard count > 0 else { return [] }
    let ready = Array(kept[..<((count - 1) * cut.hop + WindowCut.length)])
    let used = count * cut.hop
    skipped = max(0, used - kept.count)
    kept.removeFirst(min(used, kept.count))
    return ready
  }
}
