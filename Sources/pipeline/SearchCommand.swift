import ArgumentParser
import Basics
import Foundation
import Search

struct SearchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "search", abstract: "Find audio or images by words, by an image, or by audio.",
    discussion: """
      Looks through the embeddings that `pipeline embed` wrote, or a teacher's, for those nearest to the query by cosine. Words and images
      go through a CLIP model, which has to be the one that the embeddings, or the teacher of the weights that made them, come from.
      """
        + "\n\n"
        + examples(
          "pipeline search \"a dog barks\" --in embeddings.npy --clip clip-vit-base-patch32/",
          "pipeline search --audio bark.wav --in embeddings.npy"))

  @Argument(help: .value("words", "Words; or --image or --audio instead.")) var text: String?
  @Option(
    name: .customLong("in"), help: .value("file", "The embeddings: what `pipeline embed` wrote, or a teacher's."))
  var embeddings: String
  @Option(help: .value("file", "An image to look for: JPEG or PNG.")) var image: String?
  @Option(help: .value("file", "Audio to look for.")) var audio: String?
  @OptionGroup(title: "CLIP MODEL, FOR WORDS AND IMAGES") var model: CLIPOptions
  @Option(
    parsing: .singleValue,
    help: .value("sentence", "A sentence for the words, with {} for them. Repeatable: the mean of all."))
  var template: [String] = []
  @OptionGroup(title: "AUDIO ENCODER, FOR AUDIO") var encoder: EncoderOptions
  @Option(name: .customShort("k"), help: .value("count", "How many to show.")) var count = 10
  @Option(
    parsing: .singleValue,
    help: .value("directory", "A directory with the files whose embeddings these are. Repeatable."))
  var media: [String] = []
  @Option(help: .value("file", "Write a page with players.")) var html: String?
  @OptionGroup(title: "DECODING") var decoding: DecodingOptions
  @OptionGroup(title: "GENERAL") var common: PlainOptions

  func validate() throws { try check("-k", count, 1...) }

  func run() throws {
    common.begin()
    var settings = SearchSettings(try query())
    (settings.embeddings, settings.clip, settings.tokenizer) = (embeddings, model.clip, model.tokenizer)
    settings.activation = try model.kind()
    (settings.templates, settings.count) = (template, count)
    (settings.weights, settings.run) = (encoder.weights, encoder.runName)
    (settings.media, settings.html) = (media, html)
    settings.workerCommand = try decoding.launch()
    if common.dryRun { return Console.say("would look through \(embeddings)") }
    Progress.begin("looking through \(embeddings)")
    let outcome = try SearchJob(settings).run()
    var table = Table()
    for (place, hit) in outcome.hits.enumerated() {
      table.add("\(place + 1)", String(format: "%.4f", Double(hit.score)), hit.path ?? hit.key)
      Console.event(
        "hit", ["rank": place + 1, "score": Double(hit.score), "key": hit.key, "path": hit.path ?? NSNull()])
    }
    Console.say(table)
    Console.note("\(outcome.hits.count) of \(outcome.searched) embeddings, by \(outcome.model)")
    if audio != nil, !encoder.isGiven {
      Console.note("these have to be the weights that the embeddings were made with; --weights and --run name others")
    }
    if let html { Console.note("written: \(html)") }
  }

  private func query() throws -> SearchSettings.Query {
    let queries: [SearchSettings.Query?] = [text.map { .text($0) }, image.map { .image($0) }, audio.map { .audio($0) }]
    let given = queries.compactMap(\.self)
    guard let only = given.first, given.count == 1, text?.isEmpty != true else {
      throw Failure(
        "usage.query", "one thing is looked for at a time", found: "\(given.count)",
        expected: "words, --image or --audio",
        exit: .usage)
    }
    return only
  }
}
