import Basics
import CLIP
import Corpus
import Media
import RemoteCache

/// What `pipeline prepare` is asked to do.
package struct PrepareSettings: Sendable {
  package var videos: [String] = []
  package var manifest: String?
  /// Whether symbolic links below the videos' directories are followed.
  package var followsLinks = true
  /// How long a clip is, in seconds.
  package var clipSeconds = ClipLength.usual
  /// What becomes of longer files that no manifest cuts.
  package var cut = ClipCut.first
  /// How clips are split that no manifest places; nil: as usual, and fewer validation clips than are of use join train.
  package var splitShares: SplitShares?
  /// Files and directories with teacher embeddings; empty: audio and frames only.
  package var embeddings: [String] = []
  /// Rows a second, where the source does not say.
  package var embeddingFPS: Double?
  package var embeddingModel: String?
  /// A CLIP model that makes the teacher embeddings of the clips' frames; nil: they come from `embeddings`.
  package var teacher: FrameTeacher?
  /// Of the model's weights; known once the clips are surveyed.
  package var teacherDigest: Digest?
  /// How many frames of a clip the teacher sees; nil: all.
  package var teacherFrames: Int?
  /// Where the embeddings that the teacher made go as files; nil: nowhere.
  package var embeddingsOut: String?
  /// Nil: no frames at all.
  package var frames: FrameRate?
  package var shards = "shards"
  /// Whether shards of other clips may be replaced.
  package var replaces = false
  /// Where frames go for whoever makes teacher embeddings of them; nil: nowhere.
  package var framesOut: String?
  package var workspace = ".pipeline"
  package var jobs = Machine.processors
  /// How long one clip may take to decode, where a core is free for it.
  package var timeoutSeconds = DecodeLimits().seconds
  package var limit: Int?
  package var maxBadFraction = 0.05
  package var leaveOut: [String] = []
  package var keep: [String] = []
  /// Clips whose verdict names one of these reasons are worked on again.
  package var retry: [String] = []
  /// Clips that a shard holds on average.
  package var shardTarget = 1000
  /// Where results are shared with other workspaces; nil: nowhere.
  package var remoteCache: CacheAddress?
  /// Work on the clips of this part alone, offer the results to others, and write no shards; nil: everything.
  package var part: WorkPart?
  /// What starts a decode worker, and what it may do.
  package var workerCommand: WorkerLaunch = []

  package init() {}

  /// What is done clip by clip.
  var stages: [any ClipStage.Type] { builtInStages.filter { $0.isWanted(self) } }

  /// Directories that may lie below the videos' and hold no clips.
  var notClips: [String] {
    [shards, workspace, "runs"] + (framesOut.map { [$0] } ?? []) + (embeddingsOut.map { [$0] } ?? []) + embeddings
  }

  /// Formats and codecs that are decoded.
  var codecs: CodecSet { workerCommand.codecs }

  /// Whether clips get teacher embeddings.
  package var hasTeacher: Bool { teacher != nil || !embeddings.isEmpty }

  /// Pixels that a frame's shorter side has: more than usual where the teacher sees more.
  var shortSide: Int { max(FrameFacts.usualShortSide, teacher?.model.vision?.imageSize ?? 0) }

  /// - Throws: a usage error for settings that a part cannot have.
  package func checkForPart() throws {
    if remoteCache == nil { throw Failure.partWithoutCache }
    if limit != nil { throw Failure.notOfPart("--limit") }
    if !retry.isEmpty { throw Failure.notOfPart("--retry") }
  }

  /// - Throws: `usage.output` for a directory to be written that is, or holds, one to be read: it would be replaced.
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

  /// Width of the teacher's embeddings: that of most of them, once they are found.
  package var teacherWidth = 512
}
