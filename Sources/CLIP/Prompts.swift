import Basics

/// The sentences that describe a class: its name in each of several templates.
package struct Prompts: Sendable, Equatable {
  /// Each contains `{}` in place of the class's name.
  package var templates: [String]
  /// Words to use instead of a class's name, by class.
  package var aliases: [String: String]

  /// The default template.
  package static let standard = "a sound of {}"

  /// - Throws: `clip.template` for one without `{}`.
  package init(templates: [String] = [], aliases: [String: String] = [:]) throws {
    self.templates = templates.isEmpty ? [Self.standard] : templates
    self.aliases = aliases
    for template in self.templates where !template.contains("{}") { throw Failure.clipTemplate(template) }
  }

  /// A class's sentences, in the order of the templates. Underscores in its name become spaces.
  package func sentences(_ label: String) -> [String] {
    let words = aliases[label] ?? label.split(separator: "_").joined(separator: " ")
    return templates.map { $0.split(separator: "{}", omittingEmptySubsequences: false).joined(separator: words) }
  }
}

extension TextEmbedder {
  /// An embedding of length one for each class: the normalized mean of its sentences' unit embeddings, as in CLIP's
  /// paper.
  package func classEmbeddings(_ labels: [String], _ prompts: Prompts) throws -> [[Float]] {
    let sentences = labels.map(prompts.sentences)
    let rows = try embed(sentences.flatMap(\.self))
    let count = prompts.templates.count
    return labels.indices.map { label in
      let unit = rows[label * count..<(label + 1) * count].map(Self.unit)
      return Self.unit((0..<width).map { i in unit.reduce(0) { $0 + $1[i] } / Float(count) })
    }
  }

  /// The embedding scaled to length one; an embedding of zeros stays zero.
  package static func unit(_ row: [Float]) -> [Float] {
    let length = row.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
    return length > 0 ? row.map { Float(Double($0) / length) } : row
  }
}
