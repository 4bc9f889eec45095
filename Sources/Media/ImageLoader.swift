import Basics
import Corpus

/// Loads still images as CLIP's image encoder takes them. Worker processes decode and resize them, so that a malicious
/// image reaches only a worker.
package struct ImageLoader: Sendable {
  private let workers: DecodeWorkers
  private let side: Int

  /// - Parameter side: the side length that the model wants, in pixels.
  package init(_ workers: DecodeWorkers, side: Int) { (self.workers, self.side) = (workers, side) }

  /// `Bitmap.squared` of a JPEG or PNG file.
  /// - Throws: `picture.unreadable`, also if the decoder crashed; `Failure` if no worker starts.
  package func load(_ path: String) throws -> Bitmap {
    let outcome = try workers.decode(DecodeRequest(MediaSource(path), work: .image(side: side)))
    guard outcome.payload.count == side * side * 3 else {
      let finding = outcome.reply.findings.first ?? .unreadable("no reason given")
      let reason = finding.code == .mediaUnreadable ? finding.evidence : "\(finding.code): \(finding.evidence)"
      throw Failure.imageUnreadable(path, reason)
    }
    return Bitmap(width: side, height: side, pixels: outcome.payload)
  }
}
