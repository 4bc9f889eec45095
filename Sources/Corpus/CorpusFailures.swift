import Basics

extension ExitStatus {
  /// The command completed, but more clips were left out than allowed.
  package static let tooManyLeftOut = ExitStatus(rawValue: 3)
}

/// The messages of this module.
extension Failure {
  package static func nothingListed(_ manifest: String, _ videos: [String]) -> Failure {
    Failure(
      "manifest.nothing", "none of the manifest's clips is in the directory", on: videos.joined(separator: ", "),
      found: manifest,
      hint: "files are named <id>_<start second, six digits>.mp4, or <id>.mp4 for whole videos")
  }

  static func manifestParquet(_ path: String) -> Failure {
    Failure(
      "manifest.format", "parquet is not read", on: path, expected: "CSV or JSON lines",
      hint:
        "python3 -c \"import pandas; pandas.read_parquet('\(path)').to_json('clips.jsonl', orient='records', lines=True)\""
    )
  }

  static func noCaptionColumn(_ path: String) -> Failure {
    Failure(
      "captions.none", "the table has no captions", on: path,
      expected: "a column caption (a row for each) or caption_1, caption_2, …, or JSON lines with caption",
      hint: "the first line names the columns: id,caption or file_name,caption_1,caption_2")
  }
}
