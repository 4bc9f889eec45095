import Basics

/// Statistics of the clips, and a few clips to look at and listen to.
enum DataSection {
  static func body(_ data: ReportContent.DataPart) -> [Markup] {
    var body: [Markup] = [
      .element(
        "div", [("class", "columns")],
        [
          Bars(title: "Clips by verdict", bars: data.states).markup,
          Bars(title: "Clips in the shards", bars: data.splits, color: 2).markup,
        ])
    ]
    if !data.reasons.isEmpty { body.append(Bars(title: "Reasons", bars: data.reasons, color: 1).markup) }
    body.append(
      .element(
        "div", [("class", "columns")],
        [
          Bars(title: "Seconds with audio and frames", bars: data.durations, color: 6).markup,
          Bars(title: "Labels", bars: data.labels, color: 4).markup,
        ]))
    if !data.gallery.isEmpty {
      body.append(.element("h3", text: "Some clips"))
      body.append(
        .element(
          "ul", [("class", "gallery")],
          data.gallery.map { .element("li", [("class", "clip")], clip($0, id: nil)) }))
    }
    return body
  }

  /// A clip's image, spectrogram, player and text.
  /// - Parameter id: the id of the player, for buttons elsewhere on the page.
  static func clip(_ clip: ReportContent.GalleryClip, id: String?) -> [Markup] {
    var parts = [frame(clip)]
    if let spectrogram = clip.spectrogram {
      parts.append(
        .void(
          "img",
          [
            ("class", "sound"), ("src", PageImage.source(png: spectrogram)), ("alt", "Spectrogram of \(clip.id)"),
          ]))
    }
    if let audio = clip.audio {
      parts.append(
        .element(
          "audio",
          [
            ("controls", ""), ("preload", "none"), ("src", PageImage.source(audio: audio)),
            ("aria-label", "Audio of \(clip.id)"),
          ] + (id.map { [("id", $0)] } ?? [])))
    }
    let tags = ((clip.isLeftOut ? ["left out"] : []) + clip.marks).map {
      Markup.element("span", [("class", "tag")], text: $0)
    }
    parts.append(
      .element(
        "div", [("class", "words")],
        [.element("div", [("class", "mono")], text: clip.id), .element("div", text: clip.label)] + tags))
    return parts
  }

  static func frame(_ clip: ReportContent.GalleryClip, place: ImagePlace? = nil) -> Markup {
    guard let frame = clip.frame else { return .element("div", [("class", "none")], text: "no frame kept") }
    return .void(
      "img",
      [("class", "frame"), ("alt", "A frame of \(clip.id)")]
        + ImagePlace.source(place) { PageImage.source(jpeg: frame) })
  }
}
