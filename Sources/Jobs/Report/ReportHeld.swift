import Basics
import Evaluation
import Foundation

/// Similarities, neighbors and a map of clips that were held out of training.
enum ReportHeld {
  /// The number of queries of each kind that are shown with their neighbors.
  private static let queries = 3
  private static let answers = 5

  static func part(
    _ directory: String, _ student: EvaluatedModel, _ clips: ReportClips, most: Int, threads count: Int,
    progress: WorkReport
  ) throws -> ReportContent.HeldPart {
    let threads = WorkerThreads(count)
    defer { threads.stop() }
    let held = try HeldClips(directory, split: nil, student, threads: threads, most: most, progress: progress)
    var part = ReportContent.HeldPart(
      title:
        "\(held.title)\(held.labels == nil ? "" : ", \(Set(held.labels ?? []).count) labels"), with \(student.name)."
    )
    let labels = held.labels ?? held.ids.map { _ in "no label" }
    let order = held.ids.indices.sorted { (labels[$0], held.ids[$0]) < (labels[$1], held.ids[$1]) }
    let (audio, images) = (
      UnitRows(held.audio.rows(order), width: held.width), UnitRows(held.images.rows(order), width: held.width)
    )
    let similarities = Retrieval.similarities(queries: audio, gallery: images)
    part.similarity = PNGImage(width: order.count, height: order.count, values: similarities)
    if let low = similarities.min(), let high = similarities.max() {
      part.similarityRange = (Double(low), Double(high))
    }
    part.similarityText =
      "The audio of \(order.count) clips from top to bottom, their images from left to right, sorted by label. The diagonal is each clip's own pair."
    let components = PrincipalComponents(audio.rows(Array(0..<audio.count)), width: audio.width, components: 2)
    let shares = components.shares.map {
      $0 < 0.001 ? "under 0.1 %" : "\(EvaluationText.number(100 * $0, decimals: 1)) %"
    }
    .joined(separator: " and ")
    part.map = ScatterPlot(
      title: "Map of the audio embeddings",
      note: "The two principal components of the embeddings, with \(shares) of the variance.",
      points: order.enumerated().map { place, index in
        .init(
          x: components.places[place][0], y: components.places[place][1], group: labels[index], name: held.ids[index])
      })
    let chosen = (0..<min(queries, held.count)).map { $0 * held.count / min(queries, held.count) }
    for (isAudio, from, to) in [(true, held.audio, held.images), (false, held.images, held.audio)] {
      let asked = UnitRows(from.rows(chosen), width: held.width)
      for (query, found) in zip(chosen, Retrieval.nearest(queries: asked, gallery: to, count: answers)) {
        part.neighbors.append(
          .init(
            query: held.ids[query], isAudio: isAudio,
            answers: found.map { (held.ids[$0.item], Double($0.similarity)) }))
      }
    }
    for id in Set(part.neighbors.flatMap { [$0.query] + $0.answers.map(\.id) }) { part.clips[id] = clips.clip(id) }
    return part
  }
}
