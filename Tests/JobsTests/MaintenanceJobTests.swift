import Basics
import Inspect
import Prepare
import StageGraph
import TestSupport
import Testing

@Suite("Maintenance of a workspace without the command line")
struct MaintenanceJobTests {
  @Test("an empty workspace is intact, and nothing is removed from it; a missing one is not created")
  func empty() throws {
    let scratch = try Scratch()
    let verify = VerifyJob(workspace: scratch["w"], shards: nil, onlyLooks: false)
    let garbage = GarbageJob(workspace: scratch["w"], generations: 1, onlyLooks: false)
    #expect(TinyData.code { try verify.run { _ in } } == "workspace.missing")
    #expect(TinyData.code { try garbage.run { _ in } } == "workspace.missing")
    #expect(!Files.exists(scratch["w"]))
    do {
      let catalog = try Catalog.writer(scratch["w"])
      withExtendedLifetime(catalog) {}
    }
    var told: [String] = []
    try verify.run { event in
      if case .verified(let artifacts, _, let faults) = event { told.append("\(artifacts) \(faults)") }
    }
    try garbage.run { event in
      switch event {
      case .keepsAll: told.append("keeps all")
      case .found(let garbage): told.append("found \(garbage.records)")
      case .segment: told.append("segment")
      case .freed(let garbage): told.append("freed \(garbage.bytes)")
      }
    }
    #expect(told == ["0 0", "keeps all", "found 0", "freed 0"])
    #expect(try PreparedWorkspace(scratch["w"]).verdicts().isEmpty)
    #expect(try PreparedWorkspace(scratch["none"]).catalog == nil)
  }

  @Test("a weights file says what is in it")
  func inspection() throws {
    let scratch = try Scratch()
    try RandomStudent.write(to: scratch["w.bin"])
    let inspection = try Inspection(scratch["w.bin"])
    #expect(inspection.entries.contains { $0.name == "audio_encoder.conv1.weight" && $0.shape == "[64, 1, 7, 7]" })
    #expect(inspection.sections.map(\.title).prefix(2) == ["file", "front end"])
  }
}
