import Basics
import Runs
import TestSupport
import Testing
import Training

@Suite("How data differ from a run's data")
struct TrainingDataTests {
  private let data = TrainingData(
    digest: Digest(of: "now"), clips: ["train": 113, "validation": 9], teacher: "b", teacherWidth: 768)

  private func changes(_ clips: [String: Int], _ teacher: String?, _ width: Int, digest: String = "then") -> [String] {
    data.changes(
      since: RunDescription(
        name: "r", identity: Digest(of: "r"), configuration: TrainingConfiguration(), data: Digest(of: digest),
        toolchain: [:], clips: clips, teacher: teacher, teacherWidth: width))
  }

  @Test("clips, teacher and width are listed with their old values; the same data have no differences")
  func words() {
    #expect(
      changes(["train": 100, "validation": 10], nil, 512) == [
        "13 train clips more (100 then, 113 now)", "1 validation clip fewer (10 then, 9 now)",
        "another teacher (not stated then, b now)", "teacher rows of another width (512 then, 768 now)",
      ])
    #expect(changes(["train": 113], "b", 768) == ["9 validation clips more (0 then, 9 now)"])
    #expect(changes(data.clips, "b", 768) == ["as many clips of the same teacher, with other content"])
    #expect(changes(["train": 1], "c", 512, digest: "now").isEmpty)
  }

  @Test("the digest covers names and bytes, without the test split")
  func digest() throws {
    let scratch = try Scratch()
    for (name, test) in [("a", 3), ("b", 2)] { try TinyData.shards(scratch[name], test: test) }
    try TinyData.shards(scratch["c"], train: 5)
    let found = try ["a", "b", "c"].map { try TrainingData(directory: scratch[$0], cache: nil) }
    #expect(found[0] == found[1] && found[0].digest != found[2].digest)
    #expect(found[0].clips == ["train": 4] && found[2].clips == ["train": 5] && found[0].teacherWidth == 512)
  }
}
