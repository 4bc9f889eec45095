import Basics
import Corpus

/// The error messages of this module.
extension Failure {
  static func noCaptions(_ shards: String) -> Failure {
    Failure(
      "text.captions", "no clip has a caption", on: shards,
      hint: "a manifest's column caption, or caption_1, caption_2, …, gives them to prepare")
  }

  static func captionSplit(_ path: String, _ wanted: Split?, found: [Split]) -> Failure {
    Failure(
      "captions.split", "the table has no clips that would be scored", on: path,
      found: found.isEmpty ? "no splits" : found.map(\.rawValue).joined(separator: ", "),
      expected: wanted?.rawValue ?? "test or validation",
      hint: "--split names another; --training CSV is a table of its own")
  }

  static let noClassEmbeddings = Failure(
    "text.absent", "nothing says what the classes are",
    expected: "--text FILE with class embeddings, or --clip DIR that makes them",
    exit: .usage)

  static func nothingLabeled(_ data: String, _ leftOut: [String]) -> Failure {
    Failure(
      "evaluate.labels", "no file has a label", on: data, found: leftOut.first,
      hint:
        "put each class into a directory of its own, or name a --label-pattern with a group, or a table with a heading: file,label,fold"
    )
  }

  static func columnOfDirectory(_ data: String) -> Failure {
    Failure(
      "evaluate.column", "--folds names a column of a table, and this is a directory", on: data,
      hint: "--fold-pattern REGEX takes the fold from the files' names", exit: .usage)
  }

  static func columnUnknown(_ path: String, _ name: String, known: [String]) -> Failure {
    Failure(
      "evaluate.column", "the table has no such column", on: path, found: name,
      expected: known.joined(separator: ", "), hint: nearest(name, in: known).map { "did you mean \($0)?" },
      exit: .usage)
  }

  static func noHeading(_ path: String, _ names: [String]) -> Failure {
    Failure(
      "evaluate.heading", "a column is named, but the table has no heading", on: path,
      expected: "a first line with a column \(names.joined(separator: ", "))", exit: .usage)
  }

  static func tableRow(_ path: String, _ line: Int, _ found: Int, _ expected: Int) -> Failure {
    Failure(
      "evaluate.row", "a row of the table has another number of fields than its heading", on: "\(path), line \(line)",
      found: "\(found)", expected: "\(expected)")
  }

  static func pattern(_ flag: String, _ text: String, _ reason: String) -> Failure {
    Failure(
      "usage.pattern", "the regular expression cannot be read", on: "\(flag) \(text)", found: reason, exit: .usage)
  }

  static func noFolds(_ data: String) -> Failure {
    Failure(
      "evaluate.folds", "--test-fold is given, but clips have no folds", on: data,
      hint: "--fold-pattern REGEX, or --folds COLUMN of a table", exit: .usage)
  }

  static func foldUnknown(_ name: String, known: [String]) -> Failure {
    Failure(
      "evaluate.fold", "no clip is in this fold", on: name, expected: known.joined(separator: ", "), exit: .usage)
  }

  static func oneFold(_ name: String) -> Failure {
    Failure(
      "evaluate.fold", "all clips are in one fold, so nothing is left to learn from or to test on", on: name,
      hint: "look at the pattern: its first group names the fold")
  }

  static func emptyShare(_ what: String, _ fold: String) -> Failure {
    Failure("evaluate.share", "there are no \(what) clips", on: "fold \(fold)")
  }

  static func oneClass(_ data: String, _ name: String) -> Failure {
    Failure(
      "evaluate.classes", "all clips have the same label, so there is nothing to tell apart", on: data, found: name)
  }

  static func noAudio(_ data: String, _ leftOut: [String]) -> Failure {
    Failure(
      "evaluate.sound", "no file has audio that can be read", on: data, found: leftOut.first,
      hint: "pipeline doctor says which formats are read")
  }

  static func audioMemory(_ seconds: Int, limit: Int) -> Failure {
    Failure(
      "evaluate.memory", "the supervised baseline keeps all audio in memory", found: "\(seconds) s of audio",
      expected: "at most \(limit) s", hint: "name fewer clips, or leave supervised out of --rows")
  }

  static func featuresMissing(_ name: String, _ clip: String, found: Int, of total: Int) -> Failure {
    Failure(
      "features.missing", "the features lack clips of the evaluation", on: name, found: "\(found) of \(total)",
      expected: "a file or a member for each clip, named as \(clip) is without its ending")
  }

  static func featureWidth(_ name: String, _ clip: String, found: Int, expected: Int) -> Failure {
    Failure(
      "features.width", "a clip's features have another width than the others'", on: "\(name), \(clip)",
      found: "\(found)", expected: "\(expected)")
  }

  static func noStudent() -> Failure {
    Failure(
      "evaluate.student", "no weights are named", hint: "--weights FILE, --run RUN, or --embeddings FILE", exit: .usage)
  }

  static func classNames(_ path: String) -> Failure {
    Failure(
      "text.names", "the class embeddings have no names", on: path,
      hint:
        "safetensors: metadata names, a JSON list; npy: the same list in a file beside it, \(Files.name(path).prefix { $0 != "." }).json, or a line each in .txt"
    )
  }

  static func classWidth(_ path: String, found: [Int], expected: Int) -> Failure {
    Failure(
      "text.width", "the class embeddings do not lie in the encoder's space", on: path, found: "\(found)",
      expected: "[classes, \(expected)]")
  }

  static func classTwice(_ path: String, _ name: String) -> Failure {
    Failure("text.duplicate", "two class embeddings have one name", on: path, found: name)
  }

  static func noCommonLabels(_ path: String, label: String, names: [String]) -> Failure {
    Failure(
      "text.labels", "no clip's label has a class embedding", on: path, found: label,
      expected: names.joined(separator: ", "), hint: nearest(label, in: names).map { "did you mean \($0)?" })
  }

  static func timelineRow(_ path: String, _ line: Int) -> Failure {
    Failure(
      "timeline.row", "a row of the timeline cannot be read", on: "\(path), line \(line)",
      expected: "file,start,end,label with seconds, 0 ≤ start < end")
  }

  static func timelineShort(_ path: String, _ reason: String) -> Failure {
    Failure("timeline.sound", "a recording of the timeline cannot be used", on: path, found: reason)
  }

  static func timelineLong(_ path: String, most: Int) -> Failure {
    Failure(
      "timeline.long", "a recording of the timeline is too long", on: path, found: "over \(most) s",
      expected: "at most \(most) s", hint: "cut it into shorter recordings")
  }

  static func timelineEmpty(_ path: String) -> Failure {
    Failure("timeline.empty", "the timeline has no second that a label covers whole", on: path)
  }

  static func candidatesMissing(_ path: String, _ clip: String, found: Int, of total: Int)
    -> Failure
  {
    Failure(
      "candidates.missing", "the sentences lack clips of the evaluation", on: path,
      found: "\(found) of \(total)",
      expected: "a row for each clip, such as \(clip)")
  }

  static func candidatesTwice(_ path: String, _ clip: String, line: Int) -> Failure {
    Failure(
      "candidates.several", "a clip has several sentences, and one is scored",
      on: "\(path), line \(line)", found: clip,
      hint: "several captioners are several files: --candidates NAME=FILE for each")
  }

  static func supervisedLabels(_ clip: String) -> Failure {
    Failure(
      "evaluate.labels", "the supervised network learns from labels, and a clip has none", on: clip,
      hint: "a column label gives them; or leave supervised out of --rows")
  }
}
