import Basics
import Kernels

extension Embedder {
  /// Embeds audio clips of any lengths, each normalized by itself and at its own length, as the public package does for
  /// one file. Clips of equal length go through the encoder together; an embedding does not depend on the other clips.
  /// - Parameter audioClips: over 256 samples each, 16 kHz mono in −1…1.
  /// - Returns: `[audioClips, width]`.
  package func embed(audioClips: [[Float]]) throws -> [Float] {
    var result = [Float](repeating: 0, count: audioClips.count * width)
    let byLength = Dictionary(grouping: audioClips.indices) { audioClips[$0].count }
    for (samples, members) in byLength.sorted(by: { $0.key < $1.key }) {
      let embedded = try embed(members.count, samples: samples) { row, place in
        place.update(from: audioClips[members[row]], count: samples)
      }
      for (row, index) in members.enumerated() {
        for i in 0..<width { result[index * width + i] = embedded.start[row * width + i] }
      }
    }
    return result
  }
}
