import Basics
import CLIP
import Corpus
import Media
import RemoteCache

/// The settings of `pipeline prepare`.
package struct PrepareSettings: Sendable {
  package var videos: [String] = []
  package var manifest: String?
  /// Whether symbolic links in the video directories are followed.
  package var followsLinks = true
  /// The length of a clip in seconds.
  package var clipSeconds = ClipLength.usual
  /// How files are cut that are longer than a clip and that no manifest cuts.
  package var cut = ClipCut.first
  /// The shares of the splits for clips that no manifest assigns; nil uses the default shares, and moves validation
  /// clips to train when there are too few to be useful.
  package var splitShares: SplitShares?
  /// Files and directories with teacher embeddings; empty prepares only audio and frames.
  package var embeddings: [String] = []
  /// Rows per second, for sources that do not state it.
  package var embeddingFPS: Double?
  package var embeddingModel: String?
  /// A CLIP model that makes the teacher embeddings from the clips' frames; nil takes them from `embeddings`.
  package var teacher: FrameTeacher?
  /// Digest of the model's weights; set once the clips have been surveyed.
  package var teacherDigest: Digest?
  /// How many frames of a clip the teacher embeds; nil embeds all.
  package var teacherFrames: Int?
  /// Where the embeddings made by the teacher are written as files; nil writes none.
  package var embeddingsOut: String?
  /// The rate at which frames are extracted; nil extracts none.
  package var frames: FrameRate?
  package var shards = "shards"
  /// Whether shards of other clips may be replaced.
  package var replaces = false
  /// Where frames are written for external tools that make teacher embeddings; nil writes none.
  package var framesOut: String?
  package var workspace = ".pipeline"
  package var jobs = Machine.processors
  /// The time limit for decoding one clip, given that it has a free core.
  package var timeoutSeconds = DecodeLimits().seconds
  package var limit: Int?
  package var maxBadFraction = 0.05
  package var leaveOut: [String] = []
  package var keep: [String] = []
  /// Clips whose verdict names one of these reasons are processed again.
  package var retry: [String] = []
  /// The average number of clips in a shard.
  package var shardTarget = 1000
  /// The cache that shares results with other workspaces; nil shares nothing.
  package var remoteCache: CacheAddress?
  /// Process only the clips of this part, store their results in the remote cache, and write no shards; nil does
  /// everything.
  package var part: WorkPart?
  /// The command that starts a decode worker, and what the worker may do.
  package var workerCommand: WorkerLaunch = []

  package init() {}

  /// The stages that run for each clip.
  var stages: [any ClipStage.Type] { builtInStages.filter { $0.isWanted(self) } }

  /// Directories that may lie inside the video directories but hold no clips.
  var notClips: [String] {
    [shards, workspace, "runs"] + (framesOut.map { [$0] } ?? []) + (embeddingsOut.map { [$0] } ?? []) + embeddings
  }

  /// Formats and codecs that may be decoded.
  var codecs: CodecSet { workerCommand.codecs }

  /// Whether clips get teacher embeddings.
  package var hasTeacher: Bool { teacher != nil || !embeddings.isEmpty }

  /// Pixels of a frame's shorter side: more than usual when the teacher's input is larger.
  var shortSide: Int { max(FrameFacts.usualShortSide, teacher?.model.vision?.imageSize ?? 0) }

  /// - Throws: a usage error for settings that cannot be used with a part.
  package func checkForPart() throws {
    if remoteCache == nil { throw Failure.partWithoutCache }
    if limit != nil { throw Failure.notOfPart("--limit") }
    if !retry.isEmpty { throw Failure.notOfPart("--retry") }
  }

  /// - Throws: `usage.output` when a directory to write is, or contains, one to read, because it would be replaced.
  func checkOutputs() throws {
    let outputs = [("--shards", shards)] + (framesOut.map { [("--frames-out", $0)] } ?? [])
    let taken = outputs.dropFirst().map(\.1).filter { Files.resolved($0) == Files.resolved(shards) }
    for (flag, output) in outputs {
      guard !output.isEmpty else { throw Failure.outputUnnamed(flag) }
      guard let place = Files.resolved(output) else { continue }
      guard Files.isDirectory(output) else { throw Failure.outputNoDirectory(flag, output) }
      for input in videos + embeddings + (flag == "--shards" ? taken : []) {
        guard let read = Files.resolved(input), read == place || read.hasPrefix(place == "/" ? place : place + "/")
        else {
          continue
        }
        throw Failure.outputIsInput(flag, output, input)
      }
    }
  }

  /// Width of the teacher's embeddings: once they are found, the width that most clips have.
  package var teacherWidth = 512
}
