import Audio

/// Clips whose audio is digital silence. They are scored like any other clip, since leaving them out would change the
/// scored set, and are listed with the measured level.
package struct SilentClips: Sendable {
  private var clips: [(name: String, evidence: String)] = []

  /// The maximum number of clips listed.
  private static let most = 5

  package init() {}

  /// Adds a clip if it is silent.
  package mutating func add(_ name: String, _ samples: [Float]) {
    add(name, peak: samples.withUnsafeBufferPointer(SixteenBit.peak))
  }

  /// The same for a clip with a known peak.
  mutating func add(_ name: String, peak: Float) {
    guard SixteenBit.isSilent(peak) else { return }
    clips.append((name, SixteenBit.silence(peak)))
  }

  /// Nil if there are none.
  /// - Parameter count: the number of all clips.
  package func warning(of count: Int) -> String? {
    guard !clips.isEmpty else { return nil }
    let named = clips.prefix(Self.most).map { "\($0.name) (\($0.evidence))" }.joined(separator: ", ")
    let rest = clips.count > Self.most ? " and \(clips.count - Self.most) more" : ""
    let (are, all) =
      clips.count == 1 ? ("is", "it is scored like the others") : ("are", "they are scored like the others")
    return "audio.silent: \(clips.count) of \(count) clips \(are) digital silence; \(all): \(named)\(rest)"
  }
}
