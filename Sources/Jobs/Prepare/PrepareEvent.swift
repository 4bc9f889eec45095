import Basics
import Corpus
import StageGraph

extension PrepareJob {
  /// What a prepare tells while it goes, or a plan of one. One at a time, on any thread.
  package enum Event: Sendable {
    case warning(String)
    case note(String)
    /// Files among the clips that hold none.
    case ignored(IgnoredFiles)
    /// What would be done; told by `plan` alone.
    case planned(ClipPlan)
    /// What will run, for whoever asks for the reasons.
    case running(ClipPlan)
    /// How many clips have embeddings, and what the work will take; told by `plan` alone.
    case coverage(Coverage)
    /// How the shards compare with what they should be; told by `plan` where nothing else is to be done.
    case compared(ShardPublisher)
    /// Shards are to be compared once the rest was done.
    case shardsLater

    /// Work begins on so many clips.
    case clips(Int)
    /// One more clip is done; how many are left out so far, by reason.
    case clip(leftOut: [String: Int])
    case finished(ActionID, seconds: Double, isFinal: Bool)
    /// A result came from the remote cache.
    case fetched(ActionID)
    /// An action runs only because of what something upstream gave.
    case followed(ActionID, [RebuildReason])
    case remote(RemoteWork)

    /// Shards that are about to be written by a stage.
    case writing(stage: String, [ShardPublisher.Job])
    case shard(ShardPublisher.Job, of: Int)
    case frames(FramesWritten)
  }

  package struct Coverage: Sendable {
    /// Whether any embeddings were given.
    package var isGiven: Bool
    package var clips: Int
    package var covered: Int
    /// Of disk, at most.
    package var bytes: Int
    package var isUpToDate: Bool
  }

  /// What came of the remote cache.
  package struct RemoteWork: Sendable {
    package var server: String
    package var fetched: Int
    package var missed: Int
    package var kept: Int
    package var failed: Int
    /// One for each kind of trouble.
    package var failures: [Failure]
  }

  package struct FramesWritten: Sendable {
    package var directory: String
    package var clips: Int
    package var shards: Int
    /// Nil where the directory was up to date.
    package var written: Int?
  }
}
