import Basics
import CLIP
import Corpus
import Evaluation
import Kernels

/// Scores captions of audio, together with baselines that need no captioner.
struct CaptionEvaluation {
  static let scoreColumns = [
    "BLEU-1", "BLEU-2", "BLEU-3", "BLEU-4", "ROUGE-L", "METEOR", "CIDEr-D", "SPICE", "SPIDEr", "CLIP similarity",
  ]
  static let varietyColumns = ["vocabulary", "mean length", "distinct", "copied"]
  /// The number of clips that are recorded with their captions, as examples.
  static let mostExamples = 8

  let settings: CaptionSettings
  let threads: WorkerThreads

  /// - Parameters:
  ///   - student: nil when no row needs it.
  ///   - captioner: nil when all captions come from files.
  static func run(
    _ settings: CaptionSettings, student: EvaluatedModel?, captioner: (any Captioner)?,
    report: (EvaluationEvent) -> Void
  ) throws -> EvaluationRecord {
    let threads = WorkerThreads(settings.threads)
    defer { threads.stop() }
    return try CaptionEvaluation(settings: settings, threads: threads).run(student, captioner, report)
  }

  private func run(_ student: EvaluatedModel?, _ captioner: (any Captioner)?, _ report: (EvaluationEvent) -> Void)
    throws -> EvaluationRecord
  {
    // Errors of missing programs and models are reported before any audio is decoded.
    let meteor = try settings.meteor.map { try METEORJar($0) }
    let spice = try settings.spice.map { try SPICEJar($0) }
    let similarity = try settings.clip.map { try SentenceSimilarity($0, settings, threads) }
    let tables = try settings.candidates.map { (name: $0.name, table: try CaptionTable(path: $0.path)) }
    var clips = try CaptionClips(settings)
    let listens = clips.haveAudio && (captioner != nil || !settings.rows.isEmpty)
    let audioClips =
      listens || !settings.features.isEmpty
      ? try CaptionAudio(&clips, settings, student, captioner, threads: threads, report: report) : nil
    guard !clips.scored.isEmpty else { throw Failure.noAudio(clips.title, clips.leftOut) }
    var said = try tables.map { ($0.name, try sentences($0.table, clips)) }
    if let captioner, let audioClips, clips.haveAudio { said.insert((captioner.name, audioClips.sentences), at: 0) }
    let rows = CaptionRows.all(clips, sentences: said, audioClips, seeds: settings.seeds)
    let scoring = CaptionScoring(clips, rows)
    let extra = try CaptionScoring.Outside(
      meteor: meteor.map { try scoring.meteor($0) }, spice: spice.map { try scoring.spice($0) },
      similarity: similarity.map { try scoring.similarity($0) })
    if let path = settings.save { try scoring.save(extra, to: path) }
    return record(clips, scoring, extra, audioClips, student, captioner)
  }

  /// The caption of each clip in a file; an empty one is allowed.
  private func sentences(_ table: CaptionTable, _ clips: CaptionClips) throws -> [String] {
    let found = clips.scored.map { table.row($0.id) }
    let missing = found.indices.filter { found[$0] == nil }
    if let first = missing.first {
      throw Failure.candidatesMissing(
        table.path, clips.scored[first].id, found: found.count - missing.count, of: found.count)
    }
    if let row = found.compactMap(\.self).first(where: { $0.captions.count > 1 }) {
      throw Failure.candidatesTwice(table.path, row.id, line: row.line)
    }
    return found.map { $0?.captions.first ?? "" }
  }

  // MARK: What is kept

  private func record(
    _ clips: CaptionClips, _ scoring: CaptionScoring, _ extra: CaptionScoring.Outside, _ audioClips: CaptionAudio?,
    _ student: EvaluatedModel?, _ captioner: (any Captioner)?
  ) -> EvaluationRecord {
    let scores = scoring.table(extra)
    let known = Set(scores.flatMap { $0.scores.keys })
    var record = EvaluationRecord(
      kind: "caption", title: clips.title,
      data: .init(clips: clips.scored.count, classes: [], digest: scoring.digest, leftOut: clips.leftOut), of: student,
      split: clips.split?.rawValue, scored: clips.scored.count, method: method(clips, audioClips, extra),
      tables: [
        ScoreTable(
          title: "\(clips.scored.count) clips, against \(clips.referencesText)",
          columns: Self.scoreColumns.filter(known.contains), rows: scores),
        ScoreTable(title: "sentences", columns: Self.varietyColumns, rows: scoring.variety()),
      ])
    record.notComputed = notComputed(clips, listened: audioClips?.embeddings.isEmpty == false)
    record.examples = scoring.examples(most: Self.mostExamples)
    let learnt = Set(clips.training.map(\.id))
    let repeated = clips.scored.filter { learnt.contains($0.id) }
    record.warnings = [
      repeated.isEmpty
        ? nil : "\(repeated.count) of the clips are training clips too (\(repeated[0].id)): their scores are too good",
      audioClips?.silence,
    ].compactMap(\.self)
    return record
  }

  private func method(_ clips: CaptionClips, _ audioClips: CaptionAudio?, _ extra: CaptionScoring.Outside) -> [String] {
    var lines = [
      "words as Stanford's PTB tokenizer (CoreNLP 3.4.1) cuts them, lower case, without punctuation",
      "BLEU, ROUGE-L and CIDEr-D as pycocoevalcap defines them; what is rare for CIDEr-D is counted over the references of these clips",
      "vocabulary: different words said; distinct: different sentences; copied: share that stands in the training set word for word",
    ]
    if extra.meteor != nil { lines.append("METEOR 1.5: external, by the program of its authors (-l en -norm)") }
    if extra.spice != nil {
      lines.append("SPICE: external, by the program of its authors; SPIDEr: mean of SPICE and CIDEr-D")
    }
    if let model = extra.similarity?.model {
      lines.append(
        "CLIP similarity: mean cosine of the sentence's and the references' text embeddings, by \(model); not FENSE")
    }
    if audioClips != nil {
      lines.append(
        "nearest by …: the first caption of the training clip whose embedding has the largest cosine; audio: the student's embedding, untrained: the same network with initial weights, log-mel: means and deviations of \(LogMelStatistics.bands) bands"
      )
    }
    lines.append(
      "shuffled audio: every clip gets another clip's sentence; human: each reference in turn against the others, so against one fewer"
    )
    lines.append(
      "± is the sample deviation over seeds, of human over the references; \(clips.training.count) training clips")
    return lines
  }

  /// What is not in the table, and how to add it.
  private func notComputed(_ clips: CaptionClips, listened: Bool) -> [String] {
    var lines: [String] = []
    if settings.meteor == nil { lines.append("METEOR: --meteor-jar FILE names meteor-1.5.jar, its data/ beside it") }
    if settings.spice == nil {
      lines.append(
        "SPICE, SPIDEr: --spice-jar FILE names spice-1.0.jar, Stanford CoreNLP 3.6.0 and its models in lib/ beside it")
    }
    if settings.clip == nil { lines.append("CLIP similarity of sentences: --clip DIR") }
    lines.append("FENSE, SPIDEr-FL: they need a sentence network and an error detector that this program does not run")
    if clips.training.isEmpty {
      lines.append("random, most frequent and nearest caption: no training captions; --training CSV, or a column split")
    } else if !listened {
      lines.append("nearest by audio: no audio; --audio DIR, and --weights or --run")
    }
    if (clips.scored.map(\.captions.count).min() ?? 0) < 2 { lines.append("human: a clip has one caption alone") }
    return lines
  }
}

extension CaptionClips {
  /// `5 references each`.
  var referencesText: String {
    let counts = Set(scored.map(\.captions.count)).sorted()
    let (least, most) = (counts.first ?? 0, counts.last ?? 0)
    if least == most { return "\(counted(least, "reference")) each" }
    return "\(least) to \(most) references each"
  }
}
