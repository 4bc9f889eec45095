import Audio
import Basics
import Evaluation
import Kernels
import Training

/// A network like the student's, trained on labels alone: the baseline for frozen embeddings.
struct SupervisedBaseline {
  /// Names of the clips; they also determine the order in an epoch.
  let names: [String]
  /// Samples of each clip, at its own length.
  let audioClips: [[Int16]]
  let targets: Targets
  let configuration: SupervisedTraining.Configuration
  /// The directory with the records and checkpoints of all such trainings.
  let directory: String

  /// The fewest training steps, even for a handful of labels.
  static let leastSteps = 100

  /// - Parameters:
  ///   - fit: indices of the clips to train on.
  ///   - validation: indices of the clips that choose the epoch.
  ///   - name: the name of this training, for people.
  func train(
    _ fit: [Int], validation: [Int], _ name: String, _ threads: WorkerThreads, _ report: (EvaluationEvent) -> Void
  ) throws -> SupervisedTraining {
    let (audioClips, limit) = (audioClips, 10 * FrontEnd.sampleRate)
    let samples = min(limit, audioClips.map(\.count).max() ?? limit)
    let content = SupervisedTraining.Data(
      names: names, samples: samples, targets: targets.matrix(Array(names.indices)), classes: targets.names.count,
      loss: targets.isMultiLabel ? .sigmoid : .softmax
    ) { clip, place in
      let audio = audioClips[clip]
      for i in 0..<samples { place[i] = i < audio.count ? Float(audio[i]) / 32768 : 0 }
    }
    var configuration = configuration
    let batches = max(1, fit.count / min(configuration.batchSize, max(1, fit.count)))
    configuration.epochs = max(configuration.epochs, (Self.leastSteps + batches - 1) / batches)
    let training = try SupervisedTraining(content, configuration, backend: FastBackend(), threads: threads)
    let place = "\(directory)/\(try Self.identity(content, configuration, fit, validation).short)"
    let epochs = configuration.epochs
    report(.working(WorkProgress("epochs of \(name)", of: epochs)))
    try withoutActuallyEscaping(report) { report in
      try training.train(fit, validation: validation, directory: place) { epoch, loss, validationLoss in
        report(.working(WorkProgress("epochs of \(name)", done: epoch, of: epochs)))
        let held = validationLoss.map { ", validation \(EvaluationText.number($0))" } ?? ""
        report(.note("\(name): epoch \(epoch) of \(epochs), loss \(EvaluationText.number(loss))\(held)"))
      }
    }
    return training
  }

  /// The digest of everything that a baseline's weights depend on; it names the directory.
  private static func identity(
    _ data: SupervisedTraining.Data, _ configuration: SupervisedTraining.Configuration, _ fit: [Int],
    _ validation: [Int]
  ) throws -> Digest {
    let hasher = DigestBuilder()
    hasher.update(field: "\(configuration)")
    hasher.update(field: try CanonicalJSON.text(FastBackend().identity))
    hasher.update(field: "\(data.samples) \(data.classes) \(data.loss) \(fit.count)")
    let audio = FloatBuffer(data.samples)
    for clip in fit + validation {
      hasher.update(field: data.names[clip])
      hasher.update(field: "\(data.targets[clip * data.classes..<(clip + 1) * data.classes])")
      data.waveform(clip, audio.start)
      hasher.update(UnsafeRawBufferPointer(start: audio.start, count: audio.count * 4))
    }
    return hasher.finish()
  }
}
