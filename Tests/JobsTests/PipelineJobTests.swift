import Basics
import Corpus
import Flow
import Synchronization
import TestSupport
import Testing

@Suite("The flow of a pipeline file, with steps that only record their names")
struct PipelineJobTests {
  private final class Work: PipelineWork {
    let done = Mutex<[String]>([])
    /// Whether the plan of `prepare` has work to do.
    let isPending: Bool

    init(isPending: Bool = false) { self.isPending = isPending }

    private func note(_ text: String) { done.withLock { $0.append(text) } }

    func prepare() throws {
      note("prepare")
      throw Failure("clips.left-out", "too many", exit: .tooManyLeftOut)
    }
    func prepareFrames() { note("frames") }
    func distill() { note("distill") }
    func export() { note("export") }
    func planPrepare(ignoringAbsentEmbeddings: Bool) -> Bool {
      note("plan prepare\(ignoringAbsentEmbeddings ? " without vectors" : "")")
      return isPending
    }
    func planFrames() -> Bool {
      note("plan frames")
      return false
    }
    func planDistill() -> Bool {
      note("plan distill")
      return true
    }
    func planExport() { note("plan export") }
  }

  private func stages(_ scratch: Scratch) throws -> [ShellStage] {
    try Files.write(
      """
      stages:
        - {name: look, before: prepare, run: "echo hello > \(scratch["look"])", outputs: ["\(scratch["look"])"]}
        - {name: embed, after: frames, run: "echo v > \(scratch["v"])", outputs: ["\(scratch["v"])"]}
        - {name: sum, after: export, run: "echo s > \(scratch["s"])", outputs: ["\(scratch["s"])"]}
      """, to: scratch["p.yaml"])
    return try PipelineFile(scratch["p.yaml"], sections: []).shellStages
  }

  private func job(_ scratch: Scratch, _ work: Work, until: String? = nil) throws -> PipelineJob {
    try PipelineJob(
      stages: try stages(scratch), until: until, workspace: scratch["w"], exportPath: "x.bin", work: work)
  }

  @Test("continues after too many clips were left out, and fails at the end")
  func run() throws {
    let scratch = try Scratch()
    let work = Work()
    let told = Mutex<[String]>([])
    let failure = TinyData.code {
      try job(scratch, work).run { event in
        switch event {
        case .shell(let stage, .ran): told.withLock { $0.append("ran \(stage.name)") }
        case .shell(let stage, .upToDate): told.withLock { $0.append("kept \(stage.name)") }
        case .leftOut(let failure): told.withLock { $0.append(failure.code) }
        default: break
        }
      }
    }
    #expect(failure == "clips.left-out")
    #expect(work.done.withLock { $0 } == ["frames", "prepare", "distill", "export"])
    #expect(told.withLock { $0 } == ["ran look", "ran embed", "clips.left-out", "ran sum"])
    try job(scratch, Work(), until: "look").run { event in
      if case .shell(_, .upToDate) = event { told.withLock { $0 = ["kept"] } }
    }
    #expect(told.withLock { $0 } == ["kept"])
    #expect(TinyData.code { _ = try job(scratch, work, until: "exprot") } == "usage.until")
  }

  @Test("a plan marks the steps that wait for results of earlier ones")
  func plan() throws {
    let scratch = try Scratch()
    let work = Work()
    var waiting: [String] = []
    try job(scratch, work).plan { event in
      switch event {
      case .planned(let stage, .neverRan): waiting.append("would run \(stage.name)")
      case .waits(let what, let after): waiting.append("\(what) after \(after)")
      default: break
      }
    }
    #expect(
      waiting == [
        "would run look", "stage embed after frames", "prepare after the stages before it", "distill after prepare",
        "export x.bin after distill", "stage sum after export",
      ])
    #expect(work.done.withLock { $0.isEmpty })

    let plain = Work()
    waiting = []
    try PipelineJob(stages: [], until: nil, workspace: scratch["w"], exportPath: "x.bin", work: plain).plan { event in
      if case .waits(let what, _) = event { waiting.append(what) }
    }
    #expect(plain.done.withLock { $0 } == ["plan prepare", "plan distill"] && waiting == ["export x.bin"])
  }
}
