import Basics

/// A clip that may be prepared: its id, its file, and what is known before anything is decoded.
package struct ClipCandidate: Sendable {
  /// Nil if the text cannot be an id; a finding then gives the reason.
  package var id: ClipID?
  package var idText: String
  package var file: SourceFile
  /// The start of the clip in the file: 0 unless the file is a whole video.
  package var startMilliseconds = 0
  /// Whether a row of a manifest names a file that holds this clip alone, and not a video that the clip is a part of.
  /// Such a file may be shorter or longer than a clip.
  package var ownsFile = false
  /// Whether the position of the clip in the file is unknown, so that its beginning is taken.
  package var isFileItself = false
  package var label: String?
  package var split: Split?
  /// Captions that describe the audio.
  package var captions: [String] = []
  /// The end of the clip in the video, in seconds, if a list gives it.
  package var end: Double?
  package var findings: [Finding] = []
}

/// The clips, and the rows and files that did not become clips.
package struct ClipList: Sendable {
  /// In byte order of their ids, then of the files' names.
  package var candidates: [ClipCandidate]
  /// Rows of the manifest without a file, by id.
  package var absent: [String] = []
  /// Files that the manifest does not name.
  package var unlisted: [String] = []
  /// Whether splits come from the manifest.
  package var hasSplits = false
}

extension ClipList {
  /// Joins files and manifest; without a manifest every file is a clip.
  package init(files: [SourceFile], manifest: Manifest?) {
    guard let manifest else {
      self.init(candidates: files.map(Self.candidate))
      sort()
      return
    }
    self.init(candidates: [], hasSplits: manifest.hasSplits)
    let places = FilesByStem(files)
    var used: Set<String> = []
    var names: Set<ByteKey>?
    func rowNames() -> Set<ByteKey> {
      let found = names ?? Set(manifest.rows.map { ByteKey($0.clip) })
      names = found
      return found
    }
    for row in manifest.rows {
      guard let match = places.match(row),
        case let own = NormalizationTwins.exact(match.files, row.clip, among: rowNames), !own.isEmpty
      else {
        absent.append(row.clip)
        continue
      }
      for file in own {
        used.insert(file.name)
        var candidate = Self.candidate(row.clip, file)
        (candidate.startMilliseconds, candidate.ownsFile) = (match.startMilliseconds, match.isOwn)
        (candidate.label, candidate.split) = (row.label, row.split)
        (candidate.captions, candidate.end) = (row.captions, row.end)
        candidate.findings += match.findings
        candidates.append(candidate)
      }
    }
    unlisted = files.map(\.name).filter { !used.contains($0) }
    sort()
  }

  /// Keeps the clips of one part, chosen by file name so that all clips of a file are in the same part. Rows without a
  /// file and files without a row are left to the process that sees all parts.
  package mutating func keep(_ part: WorkPart) {
    candidates.removeAll { !part.owns($0.file.name) }
    (absent, unlisted) = ([], [])
  }

  private mutating func sort() {
    // Files come in order of their names, which is nearly always the order of the ids.
    if candidates.indices.dropFirst().contains(where: { Self.precedes(candidates[$0], candidates[$0 - 1]) }) {
      candidates.sort(by: Self.precedes)
    }
  }

  static func precedes(_ a: ClipCandidate, _ b: ClipCandidate) -> Bool {
    NormalizationTwins.areSame(a.idText, b.idText)
      ? precedesInBytes(a.file.name, b.file.name) : precedesInBytes(a.idText, b.idText)
  }

  /// The candidate for a file that is one clip, with the facts that a tar gives about it.
  private static func candidate(_ file: SourceFile) -> ClipCandidate {
    var candidate = candidate(file.stem, file)
    candidate.isFileItself = true
    guard let note = file.note else { return candidate }
    (candidate.label, candidate.captions) = (note.label, note.captions)
    // A member with its start in its name is already cut.
    if let start = note.startMilliseconds, start > 0,
      start % 1000 != 0 || !candidate.idText.hasSuffix(ClipID.text("", second: start / 1000))
    {
      (candidate.startMilliseconds, candidate.isFileItself) = (start, false)
    }
    return candidate
  }

  static func candidate(_ text: String, _ file: SourceFile) -> ClipCandidate {
    let id = ClipID(text)
    var candidate = ClipCandidate(id: id, idText: text, file: file)
    // If the name is not a valid id, the content does not matter.
    if id == nil {
      candidate.findings.append(Finding(.idInvalid, ClipID.problem(text) ?? ""))
    } else if let refusal = file.refusal {
      candidate.findings.append(Finding(.mediaUnreadable, refusal))
    }
    return candidate
  }

  /// Resolves ids that occur more than once, after the files' digests are known. Files with the same bytes are one clip
  /// and duplicates of it; if the bytes differ, all clips of that id are left out.
  /// - Parameter digests: by candidate; nil for a file that cannot be read.
  package mutating func settleCollisions(_ digests: [Digest?]) {
    NormalizationTwins.note(in: &candidates)
    var start = 0
    while start < candidates.count {
      var end = start + 1
      while end < candidates.count, NormalizationTwins.areSame(candidates[end].idText, candidates[start].idText) {
        end += 1
      }
      if end - start > 1 {
        let same = digests[start..<end].allSatisfy { $0 != nil && $0 == digests[start] }
        for i in start..<end where !same || i > start {
          let others = (start..<end).filter { $0 != i }.map { candidates[$0].file.name }.joined(separator: ", ")
          candidates[i].findings.append(
            same
              ? Finding(.clipDuplicate, "the same bytes as \(candidates[start].file.name)")
              : Finding(.idCollision, "also \(others)"))
        }
      }
      start = end
    }
  }
}

/// Files by the names that a manifest may use for them.
private struct FilesByStem {
  private let byStem: [String: [SourceFile]]
  /// By the part of the name before its first dot, for names with several dots such as `X.f137.mp4`.
  private let byFirstPart: [String: [SourceFile]]

  init(_ files: [SourceFile]) {
    byStem = Dictionary(grouping: files, by: \.stem)
    byFirstPart = Dictionary(
      grouping: files.filter { $0.stem.utf8.contains(0x2E) }, by: { ClipID.beforeFirstDot($0.stem) })
  }

  private func files(_ name: String) -> [SourceFile]? { byStem[name] ?? byFirstPart[name] }

  /// The files of a row: the cut clip, else a file named in milliseconds, else a file whose name lost its leading dash,
  /// else the whole video.
  func match(
    _ row: Manifest.Row
  ) -> (files: [SourceFile], startMilliseconds: Int, isOwn: Bool, findings: [Finding])? {
    if let files = files(row.clip) { return (files, 0, true, []) }
    if let files = files(row.nameInMilliseconds) {
      return (files, 0, true, [Finding(.idMilliseconds, "\(files[0].name) stands for \(row.clip)")])
    }
    if let name = row.nameWithoutDash, let files = files(name) {
      return (files, 0, true, [Finding(.idDash, "\(files[0].name) stands for \(row.clip)")])
    }
    return files(row.video).map { ($0, row.startMilliseconds, false, []) }
  }
}

extension Manifest.Row {
  /// `X_20000_30000`: the name that some tools give to the clip of `X` that begins at second 20.
  fileprivate var nameInMilliseconds: String { "\(video)_\(startMilliseconds)_\(startMilliseconds + 10_000)" }

  /// The clip's name without its leading dashes, which some tools take for an option; nil if it has none.
  fileprivate var nameWithoutDash: String? { clip.hasPrefix("-") ? String(clip.drop { $0 == "-" }) : nil }

  /// Other names that files of this clip may have.
  var otherNames: [String] { [nameInMilliseconds] + (nameWithoutDash.map { [$0] } ?? []) }
}
