/// A piece of an HTML page. Outside text enters only through `text` and attributes, and is escaped there; nothing else
/// turns it into markup.
package struct Markup: Sendable, Equatable {
  package let html: String

  private init(raw: String) { html = raw }

  /// Text that is shown literally, whatever characters it contains.
  package static func text(_ text: String) -> Markup { Markup(raw: escaped(text)) }

  /// Markup from this module's source: style and script.
  package static func constant(_ text: StaticString) -> Markup { Markup(raw: "\(text)") }

  /// - Parameters:
  ///   - name: the name of the element, from this module's source.
  ///   - attributes: names from this module's source, with any values.
  package static func element(
    _ name: StaticString, _ attributes: [(String, String)] = [], _ children: [Markup] = []
  ) -> Markup {
    var html = "<\(name)"
    for (key, value) in attributes { html += " \(key)=\"\(escaped(value))\"" }
    html += ">"
    for child in children { html += child.html }
    return Markup(raw: html + "</\(name)>")
  }

  package static func element(
    _ name: StaticString, _ attributes: [(String, String)] = [], text: String
  ) -> Markup {
    element(name, attributes, [.text(text)])
  }

  /// An element without content: `img`, `meta`, `input`.
  package static func void(_ name: StaticString, _ attributes: [(String, String)]) -> Markup {
    var html = "<\(name)"
    for (key, value) in attributes { html += " \(key)=\"\(escaped(value))\"" }
    return Markup(raw: html + ">")
  }

  package static func joined(_ pieces: [Markup]) -> Markup { Markup(raw: pieces.map(\.html).joined()) }

  private static func escaped(_ text: String) -> String {
    var result = ""
    result.reserveCapacity(text.utf8.count)
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      // Control characters are not valid HTML.
      case _ where scalar.value < 0x20 && scalar != "\n" && scalar != "\t": result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
