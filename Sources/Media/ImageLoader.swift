import Basics
import Corpus

/// Gets still images into memory as CLIP's image tower takes them. They are decoded, and made small, in worker
/// processes: who sent an image reaches such a worker and nothing else.
package struct ImageLoader: Sendable {
  private let workers: DecodeWorkers
  private let side: Int

  /// - Parameter side: pixels of each side, as the model wants them.
  package init(_ workers: DecodeWorkers, side: Int) { (self.workers, self.side) = (workers, side) }

  /// `Bitmap.squared` of a JPEG or PNG file.
  /// - Throws: `picture.unreadable`, also where the decoder crashed; `Failure` where no worker starts.
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
