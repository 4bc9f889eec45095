import ArgumentParser
import Basics
import Corpus
import Flow
import Foundation
import Media
import Prepare
import RemoteCache

struct PrepareOptions: ParsableArguments {
  @Option(help: "CSV (id,start,label,split) or JSONL: which clips there are.")
  var manifest: String?

  @Option(parsing: .singleValue, help: "Teacher vectors: a file or folder. May be given several times.")
  var embeddings: [String] = []

  @Option(name: .customLong("embedding-fps"), help: "Rows a second in the teacher vectors.")
  var embeddingFPS: Double?

  @Option(help: "The teacher's name, kept with the shards and weights.")
  var embeddingModel: String?

  @Option(help: "Frames a second to keep, or none.")
  var frames: String?

  @Option(help: "Write the frames too, as WebDataset tars for a CLIP embedder.")
  var framesOut: String?

  @Option(help: "Where training shards go.")
  var shards: String?

  @Option(help: "Clips on average in a shard.")
  var shardSize: Int?

  @Option(help: "Decoding processes.")
  var jobs: Int?

  @Option(help: "Seconds that one clip may take to decode, where a core is free for it (60).")
  var timeout: Double?

  @Option(help: "Only the first clips, in the order of their ids.")
  var limit: Int?

  @Option(help: "Share of clips that may be left out before the exit status says so.")
  var maxBadFraction: Double?

  @Option(parsing: .singleValue, help: "Leave clips with this reason out.")
  var leaveOut: [String] = []

  @Option(parsing: .singleValue, help: "Keep clips with this reason.")
  var keep: [String] = []

  @Option(parsing: .singleValue, help: "Work again on clips with this reason.")
  var retry: [String] = []

  @Option(help: "Share results with other workspaces through this server, by Bazel's HTTP cache protocol.")
  var remoteCache: String?

  /// Flags over file over defaults.
  func settings(videos: [String], common: CommonOptions, file: PipelineFile?) throws -> PrepareSettings {
    var settings = PrepareSettings()
    let list = { (given: [String], key: String) in given.isEmpty ? file?.list("prepare", key) ?? [] : given }
    settings.workspace = common.workspace
    settings.videos = list(videos, "videos")
    guard !settings.videos.isEmpty else {
      throw Failure("usage.videos", "no folder with videos is named", hint: "pipeline prepare videos/", exit: .usage)
    }
    settings.manifest = manifest ?? file?.text("prepare", "manifest")
    settings.embeddings = list(embeddings, "embeddings")
    if settings.embeddings.isEmpty, let beside = Self.embeddings(beside: settings.videos) {
      settings.embeddings = [beside]
    }
    settings.embeddingFPS = try embeddingFPS ?? file?.value("prepare", "embedding-fps")
    if let fps = settings.embeddingFPS, !(fps > 0 && fps.isFinite) {
      throw Failure("usage.value", "a number over 0 is wanted", on: "--embedding-fps", found: "\(fps)", exit: .usage)
    }
    settings.embeddingModel = embeddingModel ?? file?.text("prepare", "embedding-model")
    let rate = frames ?? file?.text("prepare", "frames") ?? "1"
    settings.frames = rate == "none" ? nil : try FrameRate(rate)
    settings.framesOut = framesOut ?? file?.text("prepare", "frames-out")
    guard settings.framesOut == nil || settings.frames != nil else {
      throw Failure(
        "usage.frames", "no frames are kept, so that none can be written", on: "--frames-out", hint: "--frames 1",
        exit: .usage)
    }
    settings.shards = shards ?? file?.text("prepare", "shards") ?? settings.shards
    settings.shardTarget =
      try positive("--shard-size", shardSize ?? file?.value("prepare", "shard-size")) ?? settings.shardTarget
    settings.jobs = try positive("--jobs", jobs ?? file?.value("prepare", "jobs")) ?? settings.jobs
    settings.timeoutSeconds = try timeout ?? file?.value("prepare", "timeout") ?? settings.timeoutSeconds
    guard settings.timeoutSeconds > 0 else {
      throw Failure(
        "usage.value", "a number over 0 is wanted", on: "--timeout", found: "\(settings.timeoutSeconds)", exit: .usage)
    }
    settings.limit = try positive("--limit", limit ?? file?.value("prepare", "limit"))
    settings.maxBadFraction =
      try maxBadFraction ?? file?.value("prepare", "max-bad-fraction") ?? settings.maxBadFraction
    guard (0...1).contains(settings.maxBadFraction) else {
      throw Failure(
        "usage.value", "a share is wanted", on: "--max-bad-fraction", found: "\(settings.maxBadFraction)",
        expected: "0 to 1", exit: .usage)
    }
    settings.leaveOut = list(leaveOut, "leave-out")
    settings.keep = list(keep, "keep")
    settings.retry = retry
    settings.remoteCache = try (remoteCache ?? file?.text("prepare", "remote-cache")).map {
      try CacheServer($0, environment: ProcessInfo.processInfo.environment)
    }
    settings.workerCommand = try DecodeWorkerCommand.command()
    return settings
  }

  /// A folder `embeddings` next to the first folder of videos.
  private static func embeddings(beside videos: [String]) -> String? {
    guard var folder = videos.first else { return nil }
    while folder.count > 1, folder.hasSuffix("/") { folder.removeLast() }
    let parent = Files.parent(folder)
    let path = parent == "." && !folder.hasPrefix("./") ? "embeddings" : "\(parent)/embeddings"
    return Files.isFolder(path) ? path : nil
  }
}

func positive(_ flag: String, _ value: Int?) throws -> Int? {
  guard let value else { return nil }
  guard value > 0 else {
    throw Failure("usage.value", "a number over 0 is wanted", on: flag, found: "\(value)", exit: .usage)
  }
  return value
}

struct PrepareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prepare", abstract: "Turn folders of video and their teacher vectors into training shards.",
    discussion: "Reasons to leave a clip out (! is left out, ? is kept with a warning, unless flags say otherwise):\n"
      + BuiltInReasons.map { "\($0.effect == .leavesOut ? "!" : "?") \($0.code): \($0.meaning)" }.joined(
        separator: "\n"))

  @Argument(help: "Folders or files with clips.")
  var videos: [String] = []

  @OptionGroup var options: PrepareOptions
  @OptionGroup var common: CommonOptions

  func run() throws {
    let file = try common.begin()
    let settings = try options.settings(videos: videos, common: common, file: file)
    try PrepareFlow(settings: settings, common: common).run()
  }
}
