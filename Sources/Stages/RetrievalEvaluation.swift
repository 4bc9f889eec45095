import Basics
import Corpus
import Distillation
import Evaluation
import Foundation
import Kernels
import Shards
import Tensors
import WeightFiles

/// `pipeline evaluate retrieve`: do sounds find their pictures on clips that were not trained on?
package enum RetrievalEvaluation {
  package struct Outcome: Codable, Sendable {
    package var split: Split
    package var clips: Int
    package var audioToImage: RetrievalScores
    package var imageToAudio: RetrievalScores
    package var teacher: String?
    package var protocolText: String
  }

  /// - Parameters:
  ///   - weights: any weights file; its front end's description says how it was trained.
  ///   - split: nil takes test, else validation; never train unless it is named.
  package static func run(
    weights path: String, shards: String, split: Split?, instructionSet: InstructionSet = .best, threads: Int
  ) throws -> Outcome {
    let set = try TrainingSet(folder: shards)
    guard let split = split ?? [.test, .validation].first(where: { set.splits.contains($0) }) else {
      throw Failure(
        "evaluate.split", "the shards hold no clips that were kept out of training", on: shards,
        found: set.splits.map(\.rawValue).joined(separator: ", "), expected: "test or validation",
        hint: "--split train scores the training clips")
    }
    let clips = try ShardClips(set.samples(split))
    let (file, metadata) = try WeightFiles.read(path)
    let scope = metadata["normalization"].flatMap(NormalizationScope.init) ?? .clip
    let (parameters, architecture) = try parameters(file, path)
    let pool = WorkerThreads(threads)
    defer { pool.stop() }
    let embedder = try Embedder(
      parameters, architecture, samples: clips.samples, project: true, kernels: FastKernels(instructionSet),
      threads: pool)
    var (audio, images) = ([Float](), [Float]())
    let piece = 64
    for start in stride(from: 0, to: clips.ids.count, by: piece) {
      let count = min(piece, clips.ids.count - start)
      audio += try embedder.embed(count, scope: scope) { row, place in try clips.waveform(start + row, into: place) }
        .values
      for row in 0..<count { images += try clips.target(start + row) }
    }
    let labels = try clips.ids.indices.map { try clips.label($0) }
    let known = labels.contains(nil) ? nil : labels.compactMap { $0 }
    let score = { (q: [Float], g: [Float]) in Retrieval.score(queries: q, gallery: g, width: clips.width, labels: known)
    }
    return Outcome(
      split: split, clips: clips.ids.count, audioToImage: score(audio, images), imageToAudio: score(images, audio),
      teacher: metadata["teacher"],
      protocolText: "cosine similarity; image = mean of the clip's teacher rows; every clip is a query and an item")
  }

  /// The student that a file holds; files without a loss's own weights (encoder and projection alone) serve as well.
  static func parameters(_ file: NamedTensors, _ path: String) throws -> (Parameters, EncoderArchitecture) {
    let architecture = EncoderArchitecture()
    let projections = file["audio_transform.sequential.0.weight"] == nil ? [] : ["audio_transform"]
    let parameters = Parameters(ParameterLayout(architecture: architecture, projections: projections, temperatures: []))
    try StudentWeights.load(file, into: parameters, source: path)
    return (parameters, architecture)
  }
}
