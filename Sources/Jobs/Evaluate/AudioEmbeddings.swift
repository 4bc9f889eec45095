import Basics
import Evaluation
import Kernels
import Models
import Training

/// What turns audio clips into the embeddings of a row that needs no training.
enum AudioEmbeddings {
  /// 16 kHz mono in −1…1 to `[sounds, width]`.
  typealias Maker = ([[Float]]) throws -> [Float]

  /// - Parameters:
  ///   - rows: those that are trained, and those that need a student where there is none, have no maker.
  ///   - seeds: of untrained networks.
  /// - Returns: for each row one maker, or one for each seed.
  static func makers(_ rows: [ClassifySettings.Row], seeds: Int, _ student: EvaluatedModel?, _ threads: WorkerThreads)
    throws -> [(row: String, makers: [Maker])]
  {
    let backend = FastBackend()
    var makers: [(row: String, makers: [Maker])] = []
    if rows.contains(.probe), let student {
      let embedder = Embedder(student.model, project: true, backend: backend, threads: threads)
      makers.append((ClassifySettings.Row.probe.rawValue, [embedder.embed(audioClips:)]))
    }
    if rows.contains(.untrained), let student {
      let embedders = (0..<seeds).map {
        Embedder(student.untrained(seed: UInt64($0)), project: true, backend: backend, threads: threads)
      }
      makers.append((ClassifySettings.Row.untrained.rawValue, embedders.map { $0.embed(audioClips:) }))
    }
    if rows.contains(.logMel) {
      makers.append((ClassifySettings.Row.logMel.rawValue, [{ logMel($0, backend.ops, threads) }]))
    }
    return makers
  }

  private static func logMel(_ audioClips: [[Float]], _ ops: any Ops, _ threads: WorkerThreads) -> [Float] {
    threads.map(audioClips.count) { index, _ in LogMelStatistics.compute(audioClips[index], kernels: ops) }.flatMap(
      \.self)
  }
}
