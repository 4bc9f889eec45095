import Basics
import Kernels
import Networks
import Ranks

/// The values that training changes: a network's weights and running statistics, Adam's moments m and v, and optionally
/// the weights' moving average.
package final class Learner: Sendable {
  package let parameters: Parameters
  package let m: FloatBuffer
  package let v: FloatBuffer
  package let average: Parameters?

  package init(_ specs: [ParameterSpec], averages: Bool = false) {
    let layout = ParameterLayout(specs)
    parameters = Parameters(layout)
    m = FloatBuffer(layout.trainableCount)
    v = FloatBuffer(layout.trainableCount)
    average = averages ? Parameters(layout) : nil
  }

  /// Initializes the average with the current weights.
  func startAverage() {
    guard let average else { return }
    average.trainable.start.update(from: parameters.trainable.start, count: average.trainable.count)
    average.running.start.update(from: parameters.running.start, count: average.running.count)
  }

  /// Copies rank 0's values to all ranks.
  /// - Returns: rank 0's state.
  func takeOver(_ state: TrainingState, _ ranks: RankGroup) throws -> TrainingState {
    guard !ranks.isAlone else { return state }
    for (_, buffer) in buffers {
      try ranks.broadcast(UnsafeMutableRawBufferPointer(start: buffer.start, count: 4 * buffer.count))
    }
    return try CanonicalJSON.decode(
      TrainingState.self, from: ranks.broadcast(CanonicalJSON.bytes(state)), source: "rank 0")
  }

  /// The buffers with their names in checkpoints.
  var buffers: [(name: String, buffer: FloatBuffer)] {
    [("trainable", parameters.trainable), ("running", parameters.running), ("first", m), ("second", v)]
      + (average.map { [("average", $0.trainable), ("average-running", $0.running)] } ?? [])
  }
}
