// The settings of `caption train`. Each is declared once as flag, default and help text; `apply` says where the value
// goes.

import ArgumentParser
import Basics
import CLIP
import Caption
import Kernels
import Models
import Networks
import Shards
import Training

private let defaults = CaptionTrainSettings()

extension CaptionDecoder.Inner: ExpressibleByArgument {}
extension CaptionDecoder.Positions: ExpressibleByArgument {}
extension CaptionTrainSettings.Texts.Bridge: ExpressibleByArgument {}

struct CaptionDecoderOptions: ParsableArguments {
  @Option(help: .value("count", "Blocks of the decoder.")) var layers = defaults.decoder.depth
  @Option(help: .value("count", "Width of the decoder: values of a token's embedding.")) var width = defaults.decoder
    .width
  @Option(help: .value("count", "Heads of attention.")) var heads = defaults.decoder.heads
  @Option(help: .value("count", "Width inside feed-forward parts.")) var hidden = defaults.decoder.hidden
  @Option(help: .value("gelu|relu", "Activation of the feed-forward parts: gelu or relu.")) var inner = defaults
    .decoder.inner
  @Option(help: .value("kind", "Positional embedding: sinusoidal or learned.")) var positions = defaults.decoder
    .positions
  @Flag(help: "Share one matrix between token embeddings and output layer.") var tied = false
  @Option(help: .value("share", "Dropout inside the blocks.")) var dropout = defaults.decoder.dropout
  @Option(help: .value("share", "Dropout of the audio embeddings.")) var frameDropout = defaults.decoder.frameDropout
  @Option(help: .value("count", "Most words of a caption; longer ones are cut.")) var longest =
    defaults.decoder.mostTokens - 1
  @Option(
    help: .value("words|clip", "Tokens: words, or clip, the pieces of words of CLIP's tokenizer (needs --tokenizer)."))
  var tokens = "words"
  @Option(
    help: .value("count", "Leave words out of the vocabulary that come less often than this in the training captions."))
  var minCount =
    defaults.floor

  func validate() throws {
    try check("--longest", longest, 1...1000)
    try check("--min-count", minCount, 1...)
    guard ["words", "clip"].contains(tokens) else { throw ValidationError("--tokens: words or clip") }
  }

  /// - Parameter tokenizer: CLIP's tokenizer, if its tokens are wanted.
  /// - Throws: `usage.tokenizer`; errors of reading it.
  func apply(to settings: inout CaptionTrainSettings, tokenizer: String?) throws {
    (settings.decoder.depth, settings.decoder.width, settings.decoder.heads) = (layers, width, heads)
    (settings.decoder.hidden, settings.decoder.inner, settings.decoder.positions) = (hidden, inner, positions)
    (settings.decoder.isTied, settings.decoder.dropout) = (tied, dropout)
    (settings.decoder.frameDropout, settings.decoder.mostTokens) = (frameDropout, longest + 1)
    settings.floor = minCount
    guard tokens == "clip" else { return }
    guard let tokenizer else {
      throw Failure(
        "usage.tokenizer", "pieces of words need CLIP's tokenizer", on: "--tokens clip", expected: "--tokenizer FILE",
        exit: .usage)
    }
    let pieces = try Tokenizer(tokenizer)
    (settings.kind, settings.cut) = (.pieces, { pieces.pieces($0) })
  }
}

struct CaptionTrainingOptions: ParsableArguments {
  @Option(help: .value("count", "Stop after this many epochs; the learning rate falls over all of them."))
  var epochs = defaults.configuration.scheduleEpochs
  @Option(help: .value("count", "Stop after this many steps.")) var steps: Int?
  @Option(help: .value("hours", "Stop after this many hours.")) var maxHours: Double?
  @Option(
    help: .value("count", "Stop after this many validations without a better CIDEr-D; none: never."))
  var patience = CountOrNone(defaults.configuration.patience)
  @Option(help: .value("count", "Validate every so many epochs.")) var validateEvery = 1
  @Option(help: .value("interval", "Save a checkpoint every so many steps (50) or minutes (10m)."))
  var checkpointEvery = defaults.limits.checkpointEvery
  @Option(help: .value("count", "Captions in a batch.")) var batchSize = defaults.configuration.batchSize
  @Option(help: .value("count", "Captions that one thread takes at a time; the weights depend on it."))
  var microbatch = defaults.configuration.microbatch
  @Option(help: .value("rate", "Learning rate.")) var learningRate = defaults.configuration.learningRate
  @Option(help: .value("name", "Learning rate schedule: \(builtInSchedules.map { $0.name }.joined(separator: ", "))."))
  var schedule = defaults.configuration.schedule
  @Option(help: .value("steps", "Steps over which the learning rate grows from zero.")) var warmUp = 0
  @Option(help: .value("decay", "AdamW's weight decay of matrices.")) var weightDecay = defaults.configuration.optimizer
    .weightDecay
  @Option(help: .value("norm", "Clip the global gradient norm to this.")) var clipGradient = 1.0
  @Option(help: .value("share", "Label smoothing.")) var smoothing = defaults.smoothing
  @Option(
    help: .value("alpha", "Mixup: mix each caption and its audio with another's, by shares of Beta(α, α); 0: never."))
  var mixup = defaults.mixup
  @Option(help: .value("count", "Width of the beam search that captions the validation clips."))
  var beams = defaults
    .beams
  @Option(help: .value("number", "Seed of initial weights, order, dropout and mixing.")) var seed = defaults
    .configuration.seed
  @OptionGroup var isa: InstructionSetOption

  func validate() throws {
    try check("--epochs", epochs, 1...)
    try check("--steps", steps, 1...)
    try check(positive: "--max-hours", maxHours)
    try check("--validate-every", validateEvery, 1...)
    try check("--batch-size", batchSize, 2...)
    try check("--microbatch", microbatch, 1...)
    try check(positive: "--learning-rate", learningRate)
    try check("--weight-decay", weightDecay, 0...100)
    try check(positive: "--clip-gradient", clipGradient)
    try check("--smoothing", smoothing, 0...0.99)
    if mixup != 0 { try check("--mixup", mixup, 0.01...1) }
    try check("--warm-up", warmUp, 0...)
    try check("--beams", beams, 1...64)
  }

  func apply(to settings: inout CaptionTrainSettings) throws {
    (settings.limits.epochs, settings.limits.steps, settings.limits.hours) = (epochs, steps, maxHours)
    (settings.limits.checkpointEvery, settings.limits.validateEvery) = (checkpointEvery, validateEvery)
    var configuration = settings.configuration
    (configuration.patience, configuration.batchSize) = (patience.count, batchSize)
    (configuration.microbatch, configuration.learningRate, configuration.seed) = (microbatch, learningRate, seed)
    _ = try Training.schedule(named: schedule)
    (configuration.schedule, configuration.scheduleEpochs) = (schedule, epochs)
    (configuration.optimizer.warmUpSteps, configuration.optimizer.weightDecay) = (warmUp, weightDecay)
    configuration.optimizer.gradientLimit = clipGradient
    settings.configuration = configuration
    (settings.smoothing, settings.mixup, settings.beams) = (smoothing, mixup, beams)
    settings.instructionSet = try isa.chosen()
  }
}

struct CaptionTextOptions: ParsableArguments {
  @Option(
    help: .value(
      "bridge",
      """
      Train on captions alone. projection: an audio embedding is replaced by a mean of the training captions' embeddings \
      near it; noise: it is used as it is, and training adds noise to the captions' embeddings.
      """))
  var fromText: CaptionTrainSettings.Texts.Bridge?
  @Option(
    help: .value(
      "deviation",
      "Standard deviation of the noise on embeddings of length one. (default: 0.1 with --from-text noise, else 0)"))
  var textNoise: Double?
  @Option(help: .value("file", "The captions' text embeddings: a file that `embed --clip --texts` wrote."))
  var textEmbeddings: String?
  @OptionGroup var clip: CLIPOptions

  func validate() throws {
    try check("--text-noise", textNoise, 0...10)
    if fromText == nil, textNoise != nil || textEmbeddings != nil {
      throw ValidationError("--text-noise and --text-embeddings need --from-text")
    }
  }

  func noise(_ texts: CaptionTrainSettings.Texts?) -> Double { textNoise ?? (texts?.bridge == .noise ? 0.1 : 0) }

  func settings(threads: Int) throws -> CaptionTrainSettings.Texts? {
    guard let fromText else { return nil }
    if let textEmbeddings {
      let file = try CaptionEmbeddings(textEmbeddings)
      let places = Dictionary(zip(file.keys, file.rows)) { first, _ in first }
      return .init(fromText) { sentences in
        try sentences.map { sentence in
          guard let rows = places[sentence] else { throw Failure.sentenceEmbedding(sentence, textEmbeddings) }
          return Array(rows.prefix(file.width))
        }
      }
    }
    guard let path = clip.clip else {
      throw Failure(
        "usage.text", "captions need text embeddings", on: "--from-text",
        expected: "--clip DIR or --text-embeddings FILE",
        exit: .usage)
    }
    let (kind, tokenizer) = (try clip.kind(), clip.tokenizer)
    return .init(fromText) { sentences in
      let model = try CLIPModel(path, activation: kind)
      let crew = WorkerThreads(threads)
      defer { crew.stop() }
      return try TextEmbedder(model, tokenizer: tokenizer, backend: FastBackend(), threads: crew).embed(sentences)
    }
  }
}

extension Failure {
  fileprivate static func sentenceEmbedding(_ sentence: String, _ path: String) -> Failure {
    Failure(
      "caption.text-embeddings", "a caption has no text embedding", on: path, found: sentence,
      hint: "pipeline embed --clip DIR --texts FILE writes them: a line's text is its key")
  }
}
