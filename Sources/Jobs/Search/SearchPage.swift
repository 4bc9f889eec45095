import Basics
import Foundation

/// The search results as one page with players. It plays the files in place.
enum SearchPage {
  private static let videos: Set<String> = ["mp4", "webm", "mkv", "mov", "m4v", "ogv", "avi"]
  private static let images: Set<String> = ["jpg", "jpeg", "png", "webp", "gif"]

  static func write(_ hits: [SearchJob.Hit], of settings: SearchSettings, to path: String) throws {
    let title =
      switch settings.query {
      case .text(let text): text
      case .image(let file), .audio(let file): Files.name(file)
      }
    let rows = hits.enumerated().map { place, hit in
      Markup.element(
        "tr", [],
        [
          .element("td", text: "\(place + 1)"), .element("td", text: String(format: "%.4f", Double(hit.score))),
          .element("td", [], [.element("p", text: hit.key), player(hit.path)]),
        ])
    }
    let page = Markup.element(
      "html", [("lang", "en")],
      [
        .element(
          "head", [],
          [
            .void("meta", [("charset", "utf-8")]), .element("title", text: title),
            .element("style", [], [.constant(style)]),
          ]),
        .element(
          "body", [],
          [
            .element("h1", text: title), .element("p", text: "The nearest in \(settings.embeddings), by cosine."),
            .element("table", [], rows),
          ]),
      ])
    let file = try OutputFile(path)
    try file.write("<!DOCTYPE html>\n" + page.html + "\n")
    try file.commit()
  }

  private static func player(_ path: String?) -> Markup {
    guard let path else { return .element("p", text: "no file of that name; --media names its directory") }
    let source = URL(fileURLWithPath: path).absoluteString
    let ending = Files.ending(Files.name(path)) ?? ""
    if images.contains(ending) { return .void("img", [("src", source), ("alt", Files.name(path))]) }
    if videos.contains(ending) {
      return .element("video", [("controls", ""), ("preload", "metadata"), ("src", source)])
    }
    return .element("audio", [("controls", ""), ("preload", "none"), ("src", source)])
  }

  private static let style: StaticString = """
    body { font: 16px system-ui, sans-serif; margin: 2em auto; max-width: 48em; }
    td { padding: .4em .8em; vertical-align: top; } td p { margin: 0 0 .3em; } video, img { max-width: 30em; }
    """
}
