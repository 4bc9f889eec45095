import Audio
import Basics
import Corpus

/// Pairs of audio and teacher embeddings, as training wants them: by number, in the order of their ids.
package protocol TrainingClips: Sendable {
  /// Sorted by bytes.
  var ids: [String] { get }
  /// Width of the teacher's embeddings.
  var width: Int { get }
  /// 16 kHz mono samples in −1…1, `samples` of them.
  var samples: Int { get }
  func waveform(_ clip: Int, into place: UnsafeMutablePointer<Float>) throws
  /// The mean of the teacher rows that were shown during these samples, `width` floats.
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

/// Which clip comes when, and whose embeddings it gets: functions of the seed, the epoch and the clip ids alone.
package enum TrainingOrder {
  /// All clips in the order of an epoch.
  package static func epoch(_ epoch: Int, seed: UInt64, ids: [String]) -> [Int] {
    let keys = ids.map { id in
      var random = SeededRandom(seed: seed, for: "order\0" + id, UInt64(epoch))
      return random.next()
    }
    return ids.indices.sorted { (keys[$0], $0) < (keys[$1], $1) }
  }

  /// For `--shuffle-teacher`: the clip whose embeddings each clip gets.
  package static func shuffledTeachers(seed: UInt64, count: Int) -> [Int] {
    var random = SeededRandom(seed: seed, for: "shuffle-teacher")
    var order = Array(0..<count)
    random.shuffle(&order)
    return order
  }
}
