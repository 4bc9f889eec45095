import Basics
import StageGraph

/// The action graph of some clips: clip by clip, each in the order of the stages.
///
/// Actions are made on demand: 200,000 clips have 600,000 actions, which would take more memory than everything else.
struct ClipActions: ActionList {
  private let clips: [PreparedClip]
  private let stages: [any ClipStage.Type]
  private let settings: PrepareSettings
  /// For each position: the clip and the stage.
  private let clipOf: [Int32]
  private let stageOf: [UInt8]
  /// For each clip, the position of its first action; the next entry is where they end. Both are equal for a clip
  /// without actions.
  private let starts: [Int32]

  /// - Parameter chosen: positions in `clips`, in their order.
  init(_ clips: [PreparedClip], chosen: [Int], stages: [any ClipStage.Type], settings: PrepareSettings) {
    (self.clips, self.stages, self.settings) = (clips, stages, settings)
    var (clipOf, stageOf): ([Int32], [UInt8]) = ([], [])
    clipOf.reserveCapacity(chosen.count * stages.count)
    stageOf.reserveCapacity(chosen.count * stages.count)
    var starts: [Int32] = []
    starts.reserveCapacity(clips.count + 1)
    for k in chosen {
      while starts.count <= k { starts.append(Int32(clipOf.count)) }
      for (s, stage) in stages.enumerated() where stage.applies(to: clips[k]) {
        clipOf.append(Int32(k))
        stageOf.append(UInt8(s))
      }
    }
    while starts.count <= clips.count { starts.append(Int32(clipOf.count)) }
    (self.clipOf, self.stageOf, self.starts) = (clipOf, stageOf, starts)
  }

  var count: Int { clipOf.count }

  /// The clip that an action belongs to.
  func clip(at position: Int) -> Int { Int(clipOf[position]) }

  func stage(at position: Int) -> any ClipStage.Type { stages[Int(stageOf[position])] }

  /// The positions of a clip's actions; empty for a clip that was not chosen.
  func positions(of clip: Int) -> Range<Int> { Int(starts[clip])..<Int(starts[clip + 1]) }

  func id(at position: Int) -> ActionID {
    ActionID(stage: stage(at: position).name, subject: clips[clip(at: position)].id.text)
  }

  func action(at position: Int) -> Action {
    let (clip, stage) = (clips[clip(at: position)], stage(at: position))
    return Action(id: stage.id(clip), inputs: stage.inputs(clip, settings))
  }
}
