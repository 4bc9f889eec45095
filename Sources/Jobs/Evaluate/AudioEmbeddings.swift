import Basics
import Evaluation
import Kernels
import Models
import Training

/// Functions that embed audio clips, for rows that need no training.
enum AudioEmbeddings {
  /// 16 kHz mono in −1…1 to `[audioClips, width]`.
  typealias Maker = ([[Float]]) throws -> [Float]

  /// - Parameters:
  ///   - rows: rows that are trained get no function, nor do rows that need a student when there is none.
  ///   - seeds: the number of untrained networks.
  /// - Returns: for each row one function, or one for each seed.
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
