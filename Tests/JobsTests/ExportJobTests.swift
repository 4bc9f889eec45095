import Basics
import Export
import Runs
import TestSupport
import Testing
import Models

@Suite("Exports and conversions without the command line")
struct ExportJobTests {
  @Test("a run's weights are written, read back and reported; a second export is up to date")
  func export() throws {
    let scratch = try Scratch()
    try TinyData.run("r", in: scratch["runs"])
    var settings = ExportSettings(path: scratch["w.safetensors"])
    settings.runs = scratch["runs"]
    let job = ExportJob(settings)
    #expect(try job.plan() == ("r", 2) && !Files.exists(settings.path))
    var told: [ExportJob.Outcome] = []
    for _ in 0..<2 { try job.run { if case .exported(let outcome) = $0 { told.append(outcome) } } }
    #expect(told.map(\.file.wasUpToDate) == [false, true] && told.map(\.step) == [2, 2])
    #expect(told[0].deviation == 0)
    #expect(try told[0].file.digest == Digest.ofFile(settings.path))
    #expect(try WeightFiles.read(settings.path).metadata["run"] == Digest(of: "r").hex)

    var converted: [WeightOutput] = []
    let conversion = ConversionJob(settings.path, to: scratch["w.pt"])
    try conversion.run { if case .converted(let file) = $0 { converted.append(file) } }
    #expect(converted.map(\.tensors) == told.prefix(1).map(\.file.tensors))
    settings.run = "s"
    #expect(TinyData.code { try ExportJob(settings).run { _ in } } == "run.unknown")
  }
}
