import Basics
import CLIP
import Corpus
import Media
import StageGraph
import TestSupport
import Testing

@testable import Prepare

/// The contract of every stage in the list.
@Suite("Every stage")
struct StageContractTests {
  private static let settings: PrepareSettings = {
    var settings = PrepareSettings()
    settings.embeddings = ["embeddings"]
    settings.frames = try? FrameRate("1")
    return settings
  }()

  /// Settings that enable the stage: with teacher embeddings from files, or from a model of a few kilobytes.
  private static func settings(for stage: any ClipStage.Type) throws -> PrepareSettings {
    if stage.isWanted(settings) { return settings }
    let scratch = try Scratch()
    var others = settings
    others.embeddings = []
    others.teacher = try FrameTeacher(TinyCLIP().write(to: scratch["model"]), activation: nil)
    others.teacherDigest = Digest(of: "weights")
    return others
  }

  /// A clip to which every stage applies.
  private func clip() throws -> PreparedClip {
    let file = SourceFile(path: "videos/a_000001.mp4", name: "a_000001.mp4")
    let candidate = try #require(ClipList(files: [file], manifest: nil).candidates.first)
    var clip = PreparedClip(candidate, try #require(candidate.id), seconds: 10, source: Digest(of: "bytes"))
    clip.embeddings = PreparedClip.Embeddings(
      place: 0, areOfClip: false, digest: Digest(of: "rows"), description: Digest(of: "told"))
    return clip
  }

  @Test("has a unique name and a version, and gives both to the graph")
  func naming() {
    let names = builtInStages.map { $0.name }
    #expect(Set(names).count == names.count)
    for stage in builtInStages {
      #expect(stage.name.wholeMatch(of: /[a-z]+-[a-z]+/) != nil && stage.version >= 1, "\(stage.name)")
      let described = stage.stage(Self.settings)
      #expect(described.name == stage.name && described.version == stage.version)
    }
  }

  @Test("takes outputs of earlier stages and digests, and each input has a unique name")
  func order() throws {
    let clip = try clip()
    var before: Set<String> = []
    for stage in builtInStages {
      let settings = try Self.settings(for: stage)
      #expect(stage.isWanted(settings) && stage.applies(to: clip), "\(stage.name)")
      let inputs = stage.inputs(clip, settings).elements
      #expect(!inputs.isEmpty && Set(inputs.map(\.name)).count == inputs.count, "\(stage.name)")
      for input in inputs {
        guard case .output(let action, let name) = input.input else { continue }
        #expect(before.contains(action.stage), "\(stage.name) takes \(input.name) of \(action.stage)")
        #expect(action.subject == clip.id.text && !name.isEmpty)
      }
      before.insert(stage.name)
    }
  }

  @Test("its fingerprint does not depend on paths, number of threads, or time limits")
  func fingerprints() throws {
    var moved = try clip()
    moved.media = MediaSource("elsewhere.tar", bytes: 512..<1024)
    for stage in builtInStages {
      let settings = try Self.settings(for: stage)
      var other = settings
      (other.workspace, other.shards, other.videos, other.jobs) = ("w", "s", ["elsewhere"], 77)
      (other.timeoutSeconds, other.maxBadFraction, other.shardTarget) = (1, 1, 3)
      #expect(stage.stage(other) == stage.stage(settings), "\(stage.name)")
      let (a, b) = (stage.inputs(try clip(), settings).elements, stage.inputs(moved, other).elements)
      #expect(a.map(\.name) == b.map(\.name) && a.map(\.input) == b.map(\.input), "\(stage.name)")
      // What comes from outside enters as digests: among the inputs, or of the teacher's weights.
      let digests = a.compactMap { input in if case .digest(let digest) = input.input { digest } else { nil } }
      let weights = settings.teacherDigest.map { stage.stage(settings).parameters.values.contains($0.hex) } ?? false
      #expect(!digests.isEmpty || weights, "\(stage.name) depends on nothing from outside")
    }
  }
}
