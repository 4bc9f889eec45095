import Basics

/// The messages of this module.
extension Failure {
  static func noPublished(_ name: String, known: [String]) -> Failure {
    Failure(
      "published.unknown", "no published scores are kept for this data set", on: name,
      expected: known.joined(separator: ", "), hint: nearest(name, in: known).map { "did you mean \($0)?" },
      exit: .usage)
  }

  package static func featureValues(_ name: String, _ clip: String) -> Failure {
    Failure("features.nonfinite", "a clip's features hold NaN or Inf", on: "\(name), \(clip)")
  }

  static func embeddingNotFinite(_ clip: String, _ student: EvaluatedModel?) -> Failure {
    Failure(
      "evaluate.nonfinite", "the embedding of a clip's audio holds NaN or Inf", on: clip, found: student?.name,
      hint: "the weights are damaged: NaN, Inf or a variance under 0 in them; export them again, or name others")
  }

  static func teacherNotFinite(_ clip: String, shards: String) -> Failure {
    Failure(
      "evaluate.nonfinite", "the teacher's embeddings of a clip hold NaN or Inf", on: "\(shards), \(clip)",
      hint: "prepare this clip again, or leave it out")
  }

  package static func noHeldSplit(_ shards: String, found: String) -> Failure {
    Failure(
      "evaluate.split", "the shards hold no clips that were kept out of training", on: shards, found: found,
      expected: "test or validation", hint: "--split train scores the training clips")
  }

  static func embeddingsLack(_ path: String, _ name: String, found: [String]) -> Failure {
    Failure(
      "vectors.missing", "the file lacks embeddings", on: path, found: found.joined(separator: ", "),
      expected: "\(name) [clips, width]")
  }

  static func embeddingsDiffer(_ path: String, audio: [Int], image: [Int]) -> Failure {
    Failure(
      "vectors.shape", "audio and images do not belong together", on: path, found: "audio \(audio), image \(image)",
      expected: "the same shape, with rows")
  }

  package static func classCount(_ path: String, names: Int, rows: Int) -> Failure {
    Failure(
      "text.count", "names and class embeddings differ in number", on: path, found: "\(names) names",
      expected: "\(rows)")
  }

  static func noMETEOR(_ path: String) -> Failure {
    Failure(
      "meteor.jar", "METEOR's program is not there", on: path,
      expected: "meteor-1.5.jar, data/paraphrase-en.gz beside it",
      hint: "the Python package pycocoevalcap has both, in its directory meteor", exit: .usage)
  }

  static func meteorAnswer(_ jar: String, _ found: String) -> Failure {
    Failure(
      "meteor.answer", "the program does not answer as METEOR does", on: jar,
      found: String(found.prefix(200)),
      expected: "meteor-1.5.jar")
  }

  static func noSPICE(_ path: String) -> Failure {
    Failure(
      "spice.jar", "SPICE's program is not there", on: path,
      expected: "spice-1.0.jar, lib/ with Stanford CoreNLP 3.6.0 and its models beside it",
      exit: .usage)
  }

  static func spiceAnswer(_ jar: String, found: Int, expected: Int) -> Failure {
    Failure(
      "spice.answer", "the program does not answer for each sentence once", on: jar,
      found: "\(found) answers",
      expected: "\(expected)")
  }

  static func externalFailed(
    _ code: String, _ name: String, _ jar: String, _ ending: ExternalProgram.Ending
  ) -> Failure {
    Failure(
      code, "\(name)'s program failed", on: jar,
      found: "exit status \(ending.status); \(ending.lastLines.joined(separator: "; "))",
      hint: "it needs java: apt-get install default-jre-headless", exit: .failed)
  }
}
