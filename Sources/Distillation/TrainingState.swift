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
  package var isFinished = false

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

  package init(_ architecture: EncoderArchitecture, _ layout: ParameterLayout) {
    self.architecture = architecture
    parameters = Parameters(layout)
    first = FloatBuffer(layout.trainableCount)
    second = FloatBuffer(layout.trainableCount)
  }

  /// The four buffers with the names they have in checkpoints.
  var buffers: [(name: String, buffer: FloatBuffer)] {
    [("trainable", parameters.trainable), ("running", parameters.running), ("first", first), ("second", second)]
  }
}
