import Basics
import Kernels
import Networks

/// Beam search for the sentence to which a decoder gives the highest likelihood.
///
/// The result for an audio clip depends only on the decoder and that clip. Between equal scores, the earlier beam wins,
/// then the token with the lower number.
package struct BeamSearch: Sendable {
  package struct Options: Sendable, Equatable {
    /// The number of beams; 1 is greedy search.
    package var beams = 3
    package var fewestTokens = 3
    package var mostTokens = 20

    package init() {}
  }

  package struct Sentence: Sendable, Equatable {
    /// Without the begin and end tokens.
    package var tokens: [Int]
    /// The log-likelihood of each token, then that of the end token if the sentence has one.
    package var logLikelihoods: [Double]

    /// The mean log-likelihood, by which sentences of different lengths are compared.
    package var score: Double { logLikelihoods.reduce(0, +) / Double(max(1, logLikelihoods.count)) }

    fileprivate var sum: Double { logLikelihoods.reduce(0, +) }

    fileprivate func adding(_ token: Int?, _ logLikelihood: Double) -> Sentence {
      Sentence(tokens: token.map { tokens + [$0] } ?? tokens, logLikelihoods: logLikelihoods + [logLikelihood])
    }
  }

  private let decoder: CaptionDecoder
  private let parameters: Parameters
  private let isContent: [Bool]
  private let options: Options

  package init(_ decoder: CaptionDecoder, _ parameters: Parameters, _ vocabulary: CaptionVocabulary, _ options: Options)
  {
    (self.decoder, self.parameters, isContent) = (decoder, parameters, vocabulary.isContent)
    self.options = options
  }

  /// Sentences that one thread extends at a time: enough to reuse the weights that it reads.
  private static let rows = 96

  /// The best sentence of each audio clip.
  /// - Parameter audioClips: the embeddings of each clip, concatenated, in the form that the decoder takes.
  package func sentences(_ audioClips: [[Float]], ops: any Ops, threads: WorkerThreads) -> [Sentence] {
    let size = max(1, min(Self.rows / options.beams, (audioClips.count + threads.count - 1) / threads.count))
    let starts = Array(stride(from: 0, to: audioClips.count, by: size))
    let found = threads.map(starts.count) { place, _ in
      search(Array(audioClips[starts[place]..<min(audioClips.count, starts[place] + size)]), ops)
    }
    return found.flatMap { $0 }
  }

  private func search(_ audioClips: [[Float]], _ ops: any Ops) -> [Sentence] {
    let most = min(options.mostTokens, decoder.mostTokens - 1)
    let decoding = CaptionDecoding(
      decoder, parameters, ops: ops, audioClips: audioClips, mostRows: audioClips.count * options.beams,
      mostTokens: most + 1)
    var live = audioClips.indices.map { [Beginning(audio: $0)] }
    var finished: [[Sentence]] = audioClips.map { _ in [] }
    for step in 0...most {
      let rows = live.flatMap { $0 }
      if rows.isEmpty { break }
      decoding.advance(
        rows.map {
          CaptionDecoding.Row(
            audio: $0.audio, parent: $0.row, token: $0.sentence.tokens.last ?? CaptionVocabulary.begin)
        })
      var first = 0
      for audio in audioClips.indices {
        let own = first..<first + live[audio].count
        first = own.upperBound
        let room = options.beams - finished[audio].count
        let (going, ended) = goOn(live[audio], own, decoding.logits, room, mayGoOn: step < most, ops)
        live[audio] = going
        finished[audio] += ended
      }
    }
    return finished.map { Self.best($0) }
  }

  /// An unfinished sentence, and its row in the previous step.
  private struct Beginning {
    var audio: Int
    var row = 0
    var sentence = Sentence(tokens: [], logLikelihoods: [])
  }

  private struct Candidate {
    var beginning: Int
    var token: Int
    var logLikelihood: Double
    var sum: Double
  }

  /// Extends an audio clip's beams by one token and keeps the `room` most likely results.
  /// - Parameter rows: the beams' rows in this step.
  /// - Returns: the unfinished and the finished sentences.
  private func goOn(
    _ beginnings: [Beginning], _ rows: Range<Int>, _ logits: FloatBuffer, _ room: Int, mayGoOn: Bool, _ ops: any Ops
  ) -> (going: [Beginning], ended: [Sentence]) {
    guard room > 0 else { return ([], []) }
    var best: [Candidate] = []
    for (index, row) in rows.enumerated() {
      let place = logits.start + row * decoder.vocabulary
      add(beginnings[index].sentence, index, place, room, mayGoOn, to: &best, ops)
    }
    // If no token is allowed, the sentences end as they are.
    if best.isEmpty { return ([], beginnings.map(\.sentence)) }
    var (going, ended) = ([Beginning](), [Sentence]())
    for candidate in best {
      let (sentence, row) = (beginnings[candidate.beginning].sentence, rows.lowerBound + candidate.beginning)
      if candidate.token == CaptionVocabulary.end {
        ended.append(sentence.adding(nil, candidate.logLikelihood))
      } else {
        going.append(
          Beginning(
            audio: beginnings[candidate.beginning].audio, row: row,
            sentence: sentence.adding(candidate.token, candidate.logLikelihood)))
      }
    }
    return (going, ended)
  }

  /// Updates the best candidates with the allowed next tokens of one sentence.
  private func add(
    _ sentence: Sentence, _ beginning: Int, _ logits: MutableFloats, _ room: Int, _ mayGoOn: Bool,
    to best: inout [Candidate], _ ops: any Ops
  ) {
    var first: Int32 = 0
    let total =
      ops.crossEntropy(rows: 1, width: decoder.vocabulary, targets: &first, smoothing: 0, factor: nil, logits)
      + Double(logits[0])
    let sum = sentence.sum
    for token in 0..<decoder.vocabulary {
      let logLikelihood = Double(logits[token]) - total
      guard best.count < room || sum + logLikelihood > best[best.count - 1].sum else { continue }
      guard isAllowed(token, after: sentence, mayGoOn) else { continue }
      if best.count == room { best.removeLast() }
      let candidate = Candidate(
        beginning: beginning, token: token, logLikelihood: logLikelihood, sum: sum + logLikelihood)
      let place = best.firstIndex { candidate.sum > $0.sum } ?? best.count
      best.insert(candidate, at: place)
    }
  }

  private func isAllowed(_ token: Int, after sentence: Sentence, _ mayGoOn: Bool) -> Bool {
    switch token {
    case CaptionVocabulary.begin, CaptionVocabulary.unknown: false
    case CaptionVocabulary.end: sentence.tokens.count >= options.fewestTokens || !mayGoOn
    default: mayGoOn && !(isContent[token] && sentence.tokens.contains(token))
    }
  }

  /// The sentence with the highest score; between equal scores, the one that was found first.
  private static func best(_ sentences: [Sentence]) -> Sentence {
    var best = sentences.first ?? Sentence(tokens: [], logLikelihoods: [])
    for sentence in sentences.dropFirst() where sentence.score > best.score { best = sentence }
    return best
  }
}
