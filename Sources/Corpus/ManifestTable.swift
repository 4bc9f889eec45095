import Basics

/// The columns of a CSV manifest: by name if a heading line names them, else by VGGSound's positions.
struct ManifestColumns {
  /// Names in lower case, the most common one first. AudioSet writes `YTID`, AudioCaps `youtube_id`.
  private static let names: [(column: WritableKeyPath<ManifestColumns, Int?> & Sendable, names: [String])] = [
    (\.video, ["id", "video_id", "youtube_id", "ytid", "clip", "clip_id", "key", "video"]),
    (\.file, ["file", "filename", "file_name", "path", "fname"]),
    (\.start, ["start", "start_seconds", "start_second", "start_time", "start_sec"]),
    (\.end, ["end", "end_seconds", "end_time", "end_sec"]),
    (\.duration, ["duration", "duration_seconds"]),
    (\.label, ["label", "labels", "positive_labels", "category", "class"]),
    (\.split, ["split", "subset"]), (\.caption, ["caption", "captions", "text", "description"]),
  ]

  private(set) var video: Int?
  private(set) var file: Int?
  private(set) var start: Int?
  private(set) var end: Int?
  private(set) var duration: Int?
  private(set) var label: Int?
  private(set) var split: Int?
  private(set) var caption: Int?
  /// `caption_1`, `caption_2`, … as in Clotho, in order of their numbers.
  private(set) var numberedCaptions: [Int] = []
  /// The number of columns; nil without a heading line.
  private(set) var count: Int?

  private init() {}

  /// id, start, label, split.
  static let byPosition: ManifestColumns = {
    var columns = ManifestColumns()
    (columns.video, columns.start, columns.label, columns.split) = (0, 1, 2, 3)
    return columns
  }()

  /// `<id>_<six digits>.mp4`, label: the format of VGGSound's list of test clips.
  static let fileNames: ManifestColumns = {
    var columns = ManifestColumns()
    (columns.file, columns.label) = (0, 1)
    return columns
  }()

  /// Nil if the fields are not column names: a heading must name the clips, and a start, a label or a split.
  init?(heading fields: [String]) {
    let heading = fields.map { $0.drop { $0 == "#" || $0 == " " }.lowercased().trimmingBlanks }
    for (column, names) in Self.names {
      self[keyPath: column] = names.lazy.compactMap { heading.firstIndex(of: $0) }.first
    }
    let numbered = heading.indices.compactMap { place in Self.captionNumber(heading[place]).map { ($0, place) } }
    numberedCaptions = numbered.sorted { $0 < $1 }.map(\.1)
    guard video != nil || file != nil,
      [start, label, split, caption, numberedCaptions.first].contains(where: { $0 != nil })
    else { return nil }
    count = fields.count
  }

  /// The number in a name such as `caption_2` or `caption2`.
  private static func captionNumber(_ name: String) -> Int? {
    guard name.hasPrefix("caption") else { return nil }
    let digits = name.dropFirst(7).drop { $0 == "_" || $0 == " " }
    return digits.allSatisfy(\.isASCII) ? Int(digits) : nil
  }
}

extension String {
  /// The text without blanks at its ends.
  var trimmingBlanks: String {
    let isBlank = { (c: Character) in c == " " || c == "\t" }
    let start = drop(while: isBlank)
    return String(start.reversed().drop(while: isBlank).reversed())
  }
}

extension Manifest {
  /// The rows of a CSV. Lines that begin with `#` and name no columns are comments, as in AudioSet.
  static func table(_ bytes: [UInt8], _ path: String) throws -> [(entry: Entry, line: Int)] {
    var (rows, columns) = ([(entry: Entry, line: Int)](), ManifestColumns?.none)
    for record in try CommaSeparated.records(bytes, source: path) where !record.isEmpty {
      let fields = record.fields
      if columns == nil || fields[0].hasPrefix("#"), let heading = ManifestColumns(heading: fields) {
        guard rows.isEmpty else { throw invalid(path, record.line, "a second heading") }
        columns = heading
        continue
      }
      if fields[0].hasPrefix("#"), columns == nil || rows.isEmpty { continue }
      let here = columns ?? (fields.count <= 2 && Self.split(fileName: fields[0]) != nil ? .fileNames : .byPosition)
      if let count = here.count, fields.count != count {
        throw invalid(path, record.line, "\(fields.count) fields", expected: "\(count), as the heading has")
      }
      rows.append((try entry(fields, here, path, record.line), record.line))
    }
    return rows
  }

  private static func entry(
    _ fields: [String], _ columns: ManifestColumns, _ path: String, _ line: Int
  ) throws -> Entry {
    func field(_ column: Int?) -> String? {
      column.flatMap { $0 < fields.count ? fields[$0].trimmingBlanks : nil }.flatMap { $0.isEmpty ? nil : $0 }
    }
    var entry = Entry()
    entry.label = field(columns.label)
    entry.split = field(columns.split)
    entry.captions = ([columns.caption] + columns.numberedCaptions).compactMap(field)
    if !entry.captions.isEmpty { entry.source = fields }
    entry.end = field(columns.end).flatMap(Double.init)
    entry.duration = field(columns.duration).flatMap(Double.init)
    if let start = field(columns.start) {
      guard let seconds = Double(start) else {
        throw invalid(path, line, fields.joined(separator: ","), expected: "a start in seconds")
      }
      entry.start = seconds
    } else if columns.count == nil, columns.start != nil {
      throw invalid(
        path, line, fields.joined(separator: ","), expected: "id,start,label,split, with the start in seconds")
    }
    entry.id = field(columns.video) ?? ""
    if columns.video == nil, let file = field(columns.file) {
      let name = Files.name(file)
      if entry.start == nil, let (video, start) = split(fileName: name) {
        (entry.id, entry.start) = (video, Double(start))
      } else {
        entry.id = ClipID.stem(ofFile: name)
      }
    }
    return entry
  }

  /// Splits `<id>_<six digits>.mp4`, the form in VGGSound's test list.
  private static func split(fileName: String) -> (String, Int)? {
    let stem = ClipID.stem(ofFile: fileName)
    guard let underscore = stem.lastIndex(of: "_") else { return nil }
    let digits = stem[stem.index(after: underscore)...]
    guard digits.count == 6, let start = Int(digits) else { return nil }
    return (String(stem[..<underscore]), start)
  }
}
