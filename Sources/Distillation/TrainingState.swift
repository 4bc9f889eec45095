import Kernels

/// All that training needs to go on as if it had not stopped, besides the numbers in `Student`.
package struct TrainingState: Codable, Sendable, Equatable {
  /// Steps done.
  package var step = 0
  /// The epoch that runs, counted from 0, and how many of its batches are done.
  package var epoch = 0
  package var batchInEpoch = 0
  package var schedule: [String: Double] = [:]
  package var best: Score?
  package var epochsWithoutBetter = 0
  /// Sum of the losses of the epoch's batches so far.
  package var epochLoss = 0.0

  package struct Score: Codable, Sendable, Equatable {
    package var step: Int
    package var validationLoss: Double
  }

  package init() {}
}

/// The student with its optimiser: weights, running statistics, Adam's two moments.
package final class Student: Sendable {
  package let architecture: EncoderArchitecture
  package let parameters: Parameters
  package let first: FloatBuffer
  package let second: FloatBuffer
  /// The moving average of the weights and running statistics, where one is kept.
  package let average: Parameters?

  package init(_ architecture: EncoderArchitecture, _ layout: ParameterLayout, averages: Bool = false) {
    self.architecture = architecture
    parameters = Parameters(layout)
    first = FloatBuffer(layout.trainableCount)
    second = FloatBuffer(layout.trainableCount)
    average = averages ? Parameters(layout) : nil
  }

  /// The average starts at the weights.
  func startAverage() {
    guard let average else { return }
    average.trainable.start.update(from: parameters.trainable.start, count: average.trainable.count)
    average.running.start.update(from: parameters.running.start, count: average.running.count)
  }

  /// The buffers with the names they have in checkpoints.
  var buffers: [(name: String, buffer: FloatBuffer)] {
    [("trainable", parameters.trainable), ("running", parameters.running), ("first", first), ("second", second)]
      + (average.map { [("average", $0.trainable), ("average-running", $0.running)] } ?? [])
  }
}
