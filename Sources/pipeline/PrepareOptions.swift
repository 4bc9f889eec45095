// The settings of `prepare`. Each is declared once: an option is the flag, the key of the pipeline file, the default
// and the help text; `settings` says where the value goes.

import ArgumentParser
import Basics
import CLIP
import Corpus
import Foundation
import Kernels
import Media
import Prepare
import RemoteCache

struct PrepareOptions: ParsableArguments {
  @OptionGroup(title: "CLIPS") var clips: ClipOptions
  @OptionGroup(title: "TEACHER") var teacher: TeacherOptions
  @OptionGroup(title: "FRAMES") var frames: FrameOptions
  @OptionGroup(title: "SHARDS") var output: ShardOptions
  @OptionGroup(title: "MACHINE") var machine: PrepareMachineOptions

  /// Checks that every value is valid. Opens no file.
  func check() throws {
    for reason in clips.leaveOut + clips.keep + clips.retry { _ = try VerdictPolicy.known(reason) }
    if frames.frames != "none" { _ = try FrameRate(frames.frames) }
    _ = try parsed("--activation", teacher.activation, GELUKind.init(rawValue:))
    var settings = PrepareSettings()
    try machine.apply(to: &settings)
  }

  /// - Parameter videos: directories and files with clips, from the command line or the pipeline file.
  func settings(videos: [String], workspace: String) throws -> PrepareSettings {
    guard !videos.isEmpty else {
      throw Failure("usage.videos", "no directory with videos is named", hint: "pipeline prepare videos/", exit: .usage)
    }
    var settings = PrepareSettings()
    (settings.workspace, settings.videos) = (workspace, videos)
    clips.apply(to: &settings)
    try teacher.apply(to: &settings)
    try frames.apply(to: &settings)
    output.apply(to: &settings)
    try machine.apply(to: &settings)
    return settings
  }
}

private let defaults = PrepareSettings()

struct ClipOptions: ParsableArguments {
  @Option(help: .value("file", "Which clips there are: CSV (id,start,label,split) or JSONL.")) var manifest: String?
  @Flag(help: "Refuse symbolic links below the videos' directories. By default they are followed.") var noFollow = false
  @Option(
    help: .value(
      "clips",
      "Only the first clips, in the order of their ids; into a directory of their own unless --shards names one."))
  var limit: Int?
  @Option(help: .value("seconds", "How many seconds a clip has.")) var clipSeconds = defaults.clipSeconds
  @Option(
    help: .value(
      "first|every", "Of files longer than a clip: first takes the beginning, every makes clips of all of it."))
  var cut: ClipCut?
  @Option(help: .value("share", "Share of the source videos that go to validation, 0 to 1. (default: 0.05)"))
  var validation: Double?
  @Option(help: .value("share", "Share of the source videos that are kept for a test, 0 to 1. (default: 0)")) var test:
    Double?
  @Option(parsing: .singleValue, help: .value("reason", "Leave out clips with this reason. Repeatable.")) var leaveOut:
    [String] = []
  @Option(parsing: .singleValue, help: .value("reason", "Keep clips with this reason. Repeatable.")) var keep:
    [String] = []
  @Option(parsing: .singleValue, help: .value("reason", "Work again on clips with this reason. Repeatable.")) var retry:
    [String] = []
  @Option(
    help: .value("share", "Share of clips that may be left out before the exit status says so."))
  var maxBadFraction = defaults.maxBadFraction

  func validate() throws {
    try check("--limit", limit, 1...)
    try check("--max-bad-fraction", maxBadFraction, 0...1)
    try check("--clip-seconds", clipSeconds, ClipLength.allowed)
    try check("--validation", validation, 0...1)
    try check("--test", test, 0...1)
    guard (validation ?? 0) + (test ?? 0) < 1 else {
      throw ValidationError(
        "--validation, --test: less than 1 together is wanted, so that something is left to train on")
    }
    guard cut != .every || manifest == nil else {
      throw ValidationError("--cut every: not with --manifest, which says already which clips there are")
    }
  }

  func apply(to settings: inout PrepareSettings) {
    (settings.clipSeconds, settings.cut) = (clipSeconds, cut ?? .first)
    if validation != nil || test != nil {
      let usual = SplitShares()
      settings.splitShares = SplitShares(validation: validation ?? usual.validation, test: test ?? usual.test)
    }
    (settings.manifest, settings.limit, settings.maxBadFraction) = (manifest, limit, maxBadFraction)
    settings.followsLinks = !noFollow
    (settings.leaveOut, settings.keep, settings.retry) = (leaveOut, keep, retry)
  }
}

struct TeacherOptions: ParsableArguments {
  @Option(
    parsing: .singleValue,
    help: .value(
      "path",
      "Teacher embeddings: a file or directory. Repeatable. (default: embeddings beside the videos, where it is)"
    ))
  var embeddings: [String] = []
  @Option(
    name: .customLong("embedding-fps"), help: .value("rows", "Rows a second in the teacher embeddings."))
  var embeddingRate: Double?
  @Option(help: .value("name", "The teacher's name, kept with shards and weights.")) var embeddingModel: String?
  @Option(
    help: .value(
      "directory|file",
      "Make the embeddings here: a CLIP model, a directory as the hubs publish it or a file of weights.")
  )
  var clip: String?
  @Option(help: .value("count", "Frames of a clip that the model sees. (default: all that are kept)")) var clipFrames:
    Int?
  @Option(help: .value("gelu|quick-gelu", "gelu or quick-gelu: of a model without a configuration beside it."))
  var activation: String?
  @Option(help: .value("directory", "Write the embeddings that the model makes as files that --embeddings reads."))
  var embeddingsOut: String?

  func validate() throws {
    try check(positive: "--embedding-fps", embeddingRate)
    try check("--clip-frames", clipFrames, 1...)
  }

  func apply(to settings: inout PrepareSettings) throws {
    if let clip {
      guard embeddings.isEmpty else {
        throw Failure(
          "usage.teacher", "embeddings come from files or from a model", found: "--embeddings and --clip", exit: .usage)
      }
      settings.teacher = try FrameTeacher(
        clip, activation: try parsed("--activation", activation, GELUKind.init(rawValue:)))
      (settings.teacherFrames, settings.embeddingsOut) = (clipFrames, embeddingsOut)
      return
    }
    guard embeddingsOut == nil, clipFrames == nil, activation == nil else {
      throw Failure(
        "usage.teacher", "these need a model", on: "--embeddings-out, --clip-frames, --activation",
        expected: "--clip DIR",
        exit: .usage)
    }
    settings.embeddings =
      embeddings.isEmpty ? Self.embeddings(beside: settings.videos).map { [$0] } ?? [] : embeddings
    (settings.embeddingFPS, settings.embeddingModel) = (embeddingRate, embeddingModel)
  }

  /// A directory `embeddings` beside the first video directory.
  private static func embeddings(beside videos: [String]) -> String? {
    guard var directory = videos.first else { return nil }
    while directory.count > 1, directory.hasSuffix("/") { directory.removeLast() }
    let parent = Files.parent(directory)
    let path = parent == "." && !directory.hasPrefix("./") ? "embeddings" : "\(parent)/embeddings"
    return Files.isDirectory(path) ? path : nil
  }
}

struct FrameOptions: ParsableArguments {
  @Option(help: .value("rate|none", "Frames a second to keep, or none.")) var frames = "1"
  @Option(help: .value("directory", "Write the frames too, as WebDataset tars for a CLIP embedder.")) var framesOut:
    String?

  func apply(to settings: inout PrepareSettings) throws {
    settings.frames = frames == "none" ? nil : try FrameRate(frames)
    settings.framesOut = framesOut
    guard settings.teacher == nil || settings.frames != nil else {
      throw Failure(
        "usage.frames", "the model sees frames, and none are kept", on: "--clip", hint: "--frames 1", exit: .usage)
    }
    guard framesOut == nil || settings.frames != nil else {
      throw Failure(
        "usage.frames", "no frames are kept, so that none can be written", on: "--frames-out", hint: "--frames 1",
        exit: .usage)
    }
  }
}

struct ShardOptions: ParsableArguments {
  @Option(help: .value("directory", "Directory for training shards. (default: \(defaults.shards))")) var shards: String?
  @Flag(help: "Replace shards of other clips that are in the directory.") var replace = false
  @Option(help: .value("clips", "Clips in a shard, on average.")) var shardSize = defaults.shardTarget

  func validate() throws { try check("--shard-size", shardSize, 1...) }

  func apply(to settings: inout PrepareSettings) {
    settings.shards = shards ?? settings.limit.map { "\(settings.shards)-first-\($0)" } ?? settings.shards
    settings.replaces = replace
    settings.shardTarget = shardSize
  }
}

struct PrepareMachineOptions: ParsableArguments {
  @Option(help: .value("count", "Decoding processes.")) var jobs = defaults.jobs
  @Option(help: .value("seconds", "Seconds that one clip may take to decode, given a free core."))
  var timeout = defaults.timeoutSeconds
  @Option(
    help: .value(
      "address",
      """
      Share results with other workspaces: http(s)://…, a server of Bazel's HTTP cache protocol, or file:///DIRECTORY, \
      laid out as Bazel's disk cache.
      """))
  var remoteCache: String?
  @Option(
    help: .value(
      "bytes", "The most that a directory of --remote-cache may hold, such as 50G; what was used least lately goes."))
  var cacheSize: ByteCount?
  @OptionGroup(title: "DECODING") var decoding: DecodingOptions

  func validate() throws {
    try check("--jobs", jobs, 1...)
    try check(positive: "--timeout", timeout)
  }

  func apply(to settings: inout PrepareSettings) throws {
    (settings.jobs, settings.timeoutSeconds) = (jobs, timeout)
    settings.workerCommand = try decoding.launch()
    settings.remoteCache = try remoteCache.map {
      try CacheAddress($0, sizeLimit: cacheSize?.bytes, environment: ProcessInfo.processInfo.environment)
    }
    guard cacheSize == nil || remoteCache != nil else {
      throw Failure(
        "usage.cache-size", "no remote cache is named whose size could be kept", on: "--cache-size",
        expected: "--remote-cache file:///DIRECTORY", exit: .usage)
    }
  }
}
