import Basics
import Foundation

/// Results of the student on clips that it was not trained on.
enum HeldSection {
  static func body(_ held: ReportContent.HeldPart?) -> [Markup] {
    guard let held else {
      return [.element("p", [("class", "empty")], text: "No clips were kept out of training, or no weights are there.")]
    }
    var figures: [Markup] = []
    if let similarity = held.similarity {
      figures.append(
        PageImage.figure(
          similarity, title: "Audio against images", text: held.similarityText, style: "matrix",
          scale: held.similarityRange.map {
            PageImage.scale("cosine \(String(format: "%.2f", $0.low))", String(format: "%.2f", $0.high))
          }))
    }
    if let map = held.map { figures.append(map.markup) }
    var body: [Markup] = [
      .element("p", text: held.title), .element("div", [("class", "columns")], figures),
    ]
    let (audioClips, images) = (held.neighbors.filter(\.isAudio), held.neighbors.filter { !$0.isAudio })
    var shown = ImagesShown()
    if !audioClips.isEmpty {
      body.append(.element("h3", text: "Audio, and the five nearest images"))
      body += audioClips.map { row($0, held.clips, &shown) }
    }
    if !images.isEmpty {
      body.append(.element("h3", text: "An image, and the five nearest audio clips"))
      body += images.map { row($0, held.clips, &shown) }
    }
    // Audio is in the page once; buttons play it.
    body += sounding(held).map { id, audio in
      .element(
        "audio", [("id", player(id)), ("preload", "none"), ("src", PageImage.source(audio: audio)), ("hidden", "")])
    }
    return body
  }

  private static func sounding(_ held: ReportContent.HeldPart) -> [(String, [UInt8])] {
    var ids: Set<String> = []
    for neighbors in held.neighbors {
      if neighbors.isAudio { ids.insert(neighbors.query) } else { ids.formUnion(neighbors.answers.map(\.id)) }
    }
    return ids.sorted().compactMap { id in held.clips[id]?.audio.map { (id, $0) } }
  }

  private static func player(_ id: String) -> String { "sound-\(id)" }

  private static func row(
    _ neighbors: ReportContent.Neighbors, _ clips: [String: ReportContent.GalleryClip], _ shown: inout ImagesShown
  ) -> Markup {
    let kind = neighbors.isAudio ? "audio" : "image"
    let query = card(neighbors.query, isAudio: neighbors.isAudio, words: "query", isRight: false, clips, &shown)
    let answers = neighbors.answers.enumerated().map { place, answer in
      card(
        answer.id, isAudio: !neighbors.isAudio,
        words: "No. \(place + 1), cosine \(String(format: "%.2f", answer.similarity))",
        isRight: answer.id == neighbors.query, clips, &shown)
    }
    return .element(
      "div",
      [
        ("class", "scroll"), ("tabindex", "0"), ("role", "region"),
        ("aria-label", "Nearest to the \(kind) of \(neighbors.query)"),
      ], [.element("ul", [("class", "neighbors")], [query] + answers)])
  }

  private static func card(
    _ id: String, isAudio: Bool, words: String, isRight: Bool, _ clips: [String: ReportContent.GalleryClip],
    _ shown: inout ImagesShown
  ) -> Markup {
    let clip = clips[id] ?? ReportContent.GalleryClip(id: id)
    var parts: [Markup] = []
    if isAudio {
      if let spectrogram = clip.spectrogram {
        parts.append(
          .void(
            "img",
            [("class", "sound"), ("alt", "Spectrogram of \(id)")]
              + ImagePlace.source(shown.place("spectrogram-\(id)")) { PageImage.source(png: spectrogram) }))
      }
    } else {
      parts.append(DataSection.frame(clip, place: shown.place("frame-\(id)")))
    }
    var text: [Markup] = [.element("div", text: words), .element("div", text: clip.label)]
    if isRight { text.append(.element("div", text: "its own")) }
    if isAudio, clip.audio != nil {
      text.append(
        .element(
          "button",
          [
            ("type", "button"), ("data-sound", player(id)), ("data-name", id),
            ("aria-label", "Play the audio of \(id)"),
          ], text: "▶ Play"))
    }
    parts.append(.element("div", [("class", "words")], text))
    return .element("li", [("class", isRight ? "clip right" : "clip")], parts)
  }
}
