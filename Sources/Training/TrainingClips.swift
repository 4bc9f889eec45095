import Audio
import Basics
import Corpus

/// Pairs of audio and teacher embeddings for training, numbered in the order of their ids.
package protocol TrainingClips: Sendable {
  /// Sorted in byte order.
  var ids: [String] { get }
  /// Width of the teacher's embeddings.
  var width: Int { get }
  /// The number of samples of each clip: 16 kHz mono in −1…1.
  var samples: Int { get }
  func waveform(_ clip: Int, into place: UnsafeMutablePointer<Float>) throws
  /// The mean of the teacher rows for these samples, `width` floats.
  func target(_ clip: Int, samples: Range<Int>) throws -> [Float]
}

extension TrainingClips {
  /// The mean of all the clip's teacher rows.
  package func target(_ clip: Int) throws -> [Float] { try target(clip, samples: 0..<samples) }
}

/// Clips in memory, for tests.
package struct MemoryClips: TrainingClips {
  package var ids: [String]
  package var waveforms: [[Float]]
  package var targets: [[Float]]

  package init(ids: [String], waveforms: [[Float]], targets: [[Float]]) {
    self.ids = ids
    self.waveforms = waveforms
    self.targets = targets
  }

  package var width: Int { targets.first?.count ?? 512 }
  package var samples: Int { waveforms.first?.count ?? ClipLength.usual * FrontEnd.sampleRate }
  package func waveform(_ clip: Int, into place: UnsafeMutablePointer<Float>) {
    place.update(from: waveforms[clip], count: waveforms[clip].count)
  }
  package func target(_ clip: Int, samples: Range<Int>) -> [Float] { targets[clip] }
}

/// The order of the clips, and the assignment of shuffled embeddings. Both depend only on the arguments.
package enum TrainingOrder {
  /// All clips in the order of an epoch.
  package static func epoch(_ epoch: Int, seed: UInt64, ids: [String]) -> [Int] {
    let keys = ids.map { id in
      var random = SeededRandom(seed: seed, for: "order\0" + id, UInt64(epoch))
      return random.next()
    }
    return ids.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
  }

  /// For `--shuffle-teacher`: for each clip, the clip whose embeddings it gets.
  package static func shuffledTeachers(seed: UInt64, count: Int) -> [Int] {
    var random = SeededRandom(seed: seed, for: "shuffle-teacher")
    var order = Array(0..<count)
    random.shuffle(&order)
    return order
  }
}
