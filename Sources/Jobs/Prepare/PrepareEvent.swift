import Basics
import Corpus
import StageGraph

extension PrepareJob {
  /// What a `prepare`, or the plan of one, reports as it runs. Events come one at a time, on any thread.
  package enum Event: Sendable {
    case warning(String)
    case note(String)
    /// Files in the video directories that hold no clips.
    case ignored(IgnoredFiles)
    /// What would be done; reported only by `plan`.
    case planned(ClipPlan)
    /// What will run, for output that explains the reasons.
    case running(ClipPlan)
    /// How many clips have embeddings, and how much space the work will take; reported only by `plan`.
    case coverage(Coverage)
    /// How the shards differ from what they should be; reported by `plan` when nothing else has to be done.
    case compared(ShardPublisher)
    /// Shards will be compared after the rest of the work.
    case shardsLater

    /// Work begins on this many clips.
    case clips(Int)
    /// One more clip is done; the value is the number of clips left out so far, by reason.
    case clip(leftOut: [String: Int])
    case finished(ActionID, seconds: Double, isFinal: Bool)
    /// A result came from the remote cache.
    case fetched(ActionID)
    /// An action runs only because an earlier action gave a new result.
    case followed(ActionID, [RebuildReason])
    case remote(RemoteWork)

    /// A stage is about to write these shards.
    case writing(stage: String, [ShardPublisher.Job])
    case shard(ShardPublisher.Job, of: Int)
    case frames(FramesWritten)
  }

  package struct Coverage: Sendable {
    /// Whether any embeddings were given.
    package var isGiven: Bool
    package var clips: Int
    package var covered: Int
    /// The disk space that will be needed, at most.
    package var bytes: Int
    package var isUpToDate: Bool
  }

  /// Results fetched from and sent to the remote cache.
  package struct RemoteWork: Sendable {
    package var server: String
    package var fetched: Int
    package var missed: Int
    package var kept: Int
    package var failed: Int
    /// Problems, one of each kind.
    package var failures: [Failure]
  }

  package struct FramesWritten: Sendable {
    package var directory: String
    package var clips: Int
    package var shards: Int
    /// Nil when the directory was up to date.
    package var written: Int?
  }
}
