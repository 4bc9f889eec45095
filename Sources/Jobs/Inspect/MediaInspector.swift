import Basics
import Corpus
import Media

/// Audio or video: the first clip that `prepare` would find. A decode worker opens it, as always.
enum MediaInspector: Inspector {
  static let kind = "audio or video"

  /// Also accepts files that neither the name nor the first bytes identify, since this kind is tried last.
  static func recognizes(_ path: String) -> Bool {
    guard !Files.isDirectory(path) else { return false }
    switch MediaKind.of(name: Files.name(path)) {
    case .media: return true
    case .unknown: return MediaKind.looksLikeMedia(path)
    case .other, .archive: return false
    }
  }

  static func inspect(_ path: String, _ context: InspectionContext) throws -> Inspection {
    let workers = DecodeWorkers(count: 1, command: context.workerCommand)
    defer { workers.stop() }
    let source = MediaSource(path)
    let length = try workers.decode(DecodeRequest(source, work: .length)).reply
    let audio = try workers.decode(DecodeRequest(source, work: .audio)).reply
    let frames = try workers.decode(DecodeRequest(source, work: .frames(fps: FrameRate("1")))).reply
    var inspection = Inspection()
    let two = { (value: Double) in "\((value * 100).rounded() / 100) s" }
    var file: [(key: String, value: String)] = []
    if let seconds = length.length { file.append(("length", two(seconds))) }
    if let audio = audio.audio {
      inspection.sections.append(
        .init(
          "audio",
          [
            ("codec", audio.codec), ("rate", "\(audio.sourceRate) Hz"), ("channels", "\(audio.channels)"),
            ("in the first clip", "\(two(audio.firstAudioSeconds)) to \(two(audio.coveredSeconds))"),
            ("packets that failed", "\(audio.decodeErrors)"),
          ]))
    }
    if let video = frames.frames {
      inspection.sections.append(
        .init(
          "video",
          [
            ("codec", video.codec), ("size", "\(video.width) × \(video.height) as shown"),
            ("frames at 1/s in the first clip", "\(video.frameTimes.count)"),
            ("packets that failed", "\(video.decodeErrors)"),
          ]))
    }
    let all =
      audio.findings + frames.findings.filter { finding in !audio.findings.contains { $0.code == finding.code } }
    for finding in all { inspection.warnings.append("\(finding.code): \(finding.evidence)") }
    if audio.audio == nil {
      inspection.suggest("reasons")
    } else {
      inspection.suggest("embed", path, "--out", "embeddings.npy")
      if frames.frames != nil { inspection.suggest("prepare", Files.parent(path)) }
    }
    try inspection.addFile(path, file)
    return inspection
  }
}
