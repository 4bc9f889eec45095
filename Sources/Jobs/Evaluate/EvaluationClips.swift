import Basics
import Corpus
import Media

/// Labeled audio clips for an evaluation: from directories, from a table with a heading, or from a manifest in
/// VGGSound's format.
package struct EvaluationClips: Sendable {
  package struct Clip: Sendable {
    /// Relative to the data's directory.
    package var name: String
    package var media: MediaSource
    /// All of the file, or the clip's part of it.
    package var audio: AudioLoader.Source
    package var labels: [String]
    package var fold: String?
    package var split: Split?
  }

  /// How labels and folds are found.
  package struct Reading: Sendable {
    /// The directory of the files in a table; nil means the table's own.
    package var audio: String?
    package var labelPattern: String?
    package var labelColumn: String?
    package var foldPattern: String?
    package var foldColumn: String?
    /// Separates several labels of one clip in a table.
    package var separator = ";"

    package init() {}
  }

  /// In byte order of their names.
  package private(set) var clips: [Clip] = []
  /// Files that cannot be used, and why.
  package private(set) var leftOut: [String] = []
  package private(set) var notes: [String] = []

  /// - Throws: `evaluate.…` when no clip has a label, or when a pattern or column does not exist.
  package init(_ data: String, _ reading: Reading) throws {
    if Files.isDirectory(data) {
      try readDirectory(data, reading)
    } else {
      try readTable(data, reading)
    }
    clips.sort { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
    guard !clips.isEmpty else { throw Failure.nothingLabeled(data, leftOut) }
  }

  // MARK: Directories

  private mutating func readDirectory(_ data: String, _ reading: Reading) throws {
    if reading.foldColumn != nil { throw Failure.columnOfDirectory(data) }
    let labels = try reading.labelPattern.map { try NamePattern($0, flag: "--label-pattern") }
    let folds = try reading.foldPattern.map { try NamePattern($0, flag: "--fold-pattern") }
    var unlabeled = 0
    let found = try SourceFiles([data])
    notes += (found.ignored.sentence.map { [$0] } ?? []) + found.ignored.notes
    for file in found.files {
      if let refusal = file.refusal {
        leftOut.append("\(file.name): \(refusal)")
        continue
      }
      guard let label = labels?.group(file.name) ?? (labels == nil ? Self.subdirectory(file.name) : nil) else {
        unlabeled += 1
        continue
      }
      add(
        Clip(
          name: file.name, media: file.media, audio: .file(file.media), labels: [label], fold: folds?.group(file.name)),
        needsFold: folds)
    }
    if unlabeled > 0 {
      notes.append("\(unlabeled) \(unlabeled == 1 ? "file has" : "files have") no label and will not be used")
    }
  }

  private static func subdirectory(_ name: String) -> String? {
    let parent = Files.parent(name)
    return parent == "." ? nil : Files.name(parent)
  }

  private mutating func add(_ clip: Clip, needsFold pattern: NamePattern?) {
    if let pattern, clip.fold == nil {
      leftOut.append("\(clip.name): \(pattern.text) does not match")
    } else {
      clips.append(clip)
    }
  }

  // MARK: Tables

  private static let fileColumns = ["file", "filename", "file_name", "path", "fname", "slice_file_name", "audio"]
  private static let labelColumns = ["label", "labels", "category", "class"]

  private mutating func readTable(_ path: String, _ reading: Reading) throws {
    let records = try CommaSeparated.records(try Files.readStream(path, limit: 1 << 30), source: path)
    let names = records.first?.fields ?? []
    let heading = names.map { $0.lowercased() }
    let files = try SourceFiles([reading.audio ?? Files.parent(path)]).files
    guard let fileColumn = Self.fileColumns.lazy.compactMap({ heading.firstIndex(of: $0) }).first else {
      return try readManifest(path, files, reading)
    }
    let column = { (name: String) throws -> Int in
      guard let index = heading.firstIndex(of: name.lowercased()) else {
        throw Failure.columnUnknown(path, name, known: names)
      }
      return index
    }
    let labelColumn = try reading.labelColumn.map(column)
    guard let labelColumn = labelColumn ?? Self.labelColumns.lazy.compactMap({ heading.firstIndex(of: $0) }).first
    else {
      throw Failure.columnUnknown(path, "label", known: names)
    }
    let foldColumn = try reading.foldColumn.map(column)
    let splitColumn = foldColumn == nil && reading.foldPattern == nil ? heading.firstIndex(of: "split") : nil
    let folds = try reading.foldPattern.map { try NamePattern($0, flag: "--fold-pattern") }
    let places = FilePlaces(files)
    for record in records.dropFirst() where record.fields.count > 1 {
      let fields = record.fields
      guard fields.count == heading.count else {
        throw Failure.tableRow(path, record.line, fields.count, heading.count)
      }
      guard let file = places.file(fields[fileColumn]) else {
        leftOut.append("\(fields[fileColumn]): no such file")
        continue
      }
      let labels = fields[labelColumn].components(separatedBy: reading.separator).filter { !$0.isEmpty }
      guard !labels.isEmpty else {
        leftOut.append("\(file.name): no label")
        continue
      }
      var clip = Clip(name: file.name, media: file.media, audio: .file(file.media), labels: labels)
      clip.fold = foldColumn.map { fields[$0] } ?? folds?.group(file.name)
      if let splitColumn {
        guard let split = Split(manifest: fields[splitColumn]) else {
          leftOut.append("\(file.name): unknown split \(fields[splitColumn])")
          continue
        }
        clip.split = split
      }
      add(clip, needsFold: folds)
    }
  }

  /// Reads id, start, label, split from a table without a heading.
  private mutating func readManifest(_ path: String, _ files: [SourceFile], _ reading: Reading) throws {
    if reading.foldColumn != nil || reading.labelColumn != nil { throw Failure.noHeading(path, Self.fileColumns) }
    let list = ClipList(files: files, manifest: try Manifest(path: path))
    let folds = try reading.foldPattern.map { try NamePattern($0, flag: "--fold-pattern") }
    leftOut += list.absent.map { "\($0): no such file" }
    for candidate in list.candidates {
      if let refusal = candidate.file.refusal {
        leftOut.append("\(candidate.idText): \(refusal)")
        continue
      }
      guard let label = candidate.label else {
        leftOut.append("\(candidate.idText): no label")
        continue
      }
      let media = candidate.file.media
      var clip = Clip(
        name: candidate.idText, media: media,
        audio: .excerpt(media, startMilliseconds: candidate.startMilliseconds, shortAsWhole: candidate.ownsFile),
        labels: [label])
      clip.fold = folds?.group(candidate.file.name)
      clip.split = folds == nil ? candidate.split : nil
      add(clip, needsFold: folds)
    }
  }
}

/// A regular expression whose first group is taken from a file's name. A pattern with a slash matches the path below
/// the directory instead.
struct NamePattern {
  let text: String
  private let expression: Regex<AnyRegexOutput>
  private let seesDirectories: Bool

  init(_ text: String, flag: String) throws {
    self.text = text
    seesDirectories = text.contains("/")
    do { expression = try Regex(text) } catch { throw Failure.pattern(flag, text, "\(error)") }
  }

  /// The first group, or the whole match for a pattern without groups; nil when it does not match.
  func group(_ name: String) -> String? {
    guard let match = (seesDirectories ? name : Files.name(name)).firstMatch(of: expression) else { return nil }
    let output = match.output
    return (output.count > 1 ? output[1] : output[0]).substring.map(String.init)
  }
}

/// Files by the names that tables use: the path, the name, or the name without extension.
private struct FilePlaces {
  private var byPath: [String: SourceFile] = [:]
  private var byName: [String: SourceFile] = [:]
  private var byStem: [String: SourceFile] = [:]

  init(_ files: [SourceFile]) {
    for file in files where file.refusal == nil {
      byPath[file.name] = file
      byName[Files.name(file.name)] = byName[Files.name(file.name)] ?? file
      byStem[file.stem] = byStem[file.stem] ?? file
    }
  }

  func file(_ text: String) -> SourceFile? { byPath[text] ?? byName[Files.name(text)] ?? byStem[Files.name(text)] }
}
