import Basics
import StageGraph

/// The graph of some clips: clip by clip, each in the order of the stages. Actions are made as they are asked for: 200,000 clips
/// have 600,000, which would take more memory than all else.
struct ClipActions: ActionList {
  private let clips: [PreparedClip]
  private let stages: [any ClipStage.Type]
  private let settings: PrepareSettings
  /// By position.
  private let clipOf: [Int32]
  private let stageOf: [UInt8]

  init(_ clips: [PreparedClip], stages: [any ClipStage.Type], settings: PrepareSettings) {
    (self.clips, self.stages, self.settings) = (clips, stages, settings)
    var (clipOf, stageOf): ([Int32], [UInt8]) = ([], [])
    clipOf.reserveCapacity(clips.count * stages.count)
    stageOf.reserveCapacity(clips.count * stages.count)
    for (k, clip) in clips.enumerated() {
      for (s, stage) in stages.enumerated() where stage.applies(to: clip) {
        clipOf.append(Int32(k))
        stageOf.append(UInt8(s))
      }
    }
    (self.clipOf, self.stageOf) = (clipOf, stageOf)
  }

  var count: Int { clipOf.count }

  func id(at position: Int) -> ActionID {
    ActionID(stage: stages[Int(stageOf[position])].name, subject: clips[Int(clipOf[position])].id.text)
  }

  func action(at position: Int) -> Action {
    let (clip, stage) = (clips[Int(clipOf[position])], stages[Int(stageOf[position])])
    return Action(id: stage.id(clip), inputs: stage.inputs(clip, settings))
  }
}
