import Basics
import Evaluate
import Evaluation
import TestSupport
import Tensors
import Testing

@Suite("Evaluations without the command line")
struct EvaluateJobTests {
  private func run(_ body: ((EvaluationEvent) -> Void) throws -> Void) throws -> (
    records: [EvaluationRecord], files: [String]
  ) {
    var (records, files) = ([EvaluationRecord](), [String]())
    try body { event in
      switch event {
      case .scored(let record): records.append(record)
      case .kept(let paths): files = paths
      case .working, .note: break
      }
    }
    return (records, files)
  }

  @Test("retrieval of given embeddings is reported and written, as JSON and as Markdown")
  func retrieve() throws {
    let scratch = try Scratch()
    var random = SeededRandom(seed: 1)
    let rows = Tensor(shape: [6, 8], floats: (0..<48).map { _ in Float(random.normal()) })
    let file = try OutputFile(scratch["v.safetensors"])
    try SafetensorsFile.write(NamedTensors([("audio", rows), ("image", rows)]), metadata: [:], to: file)
    try file.commit()
    var settings = RetrievalSettings()
    settings.embeddings = scratch["v.safetensors"]
    var place = EvaluationPlace()
    place.out = scratch["scores.json"]
    let job = RetrieveJob(settings, place)
    try job.plan()
    let (records, files) = try run(job.run)
    #expect(records.map(\.kind) == ["retrieve"])
    #expect(records[0].tables[0].rows[0].scores["R@1"]?.mean == 1)
    #expect(files == [scratch["scores.json"], scratch["scores.scores.csv"], scratch["scores.md"]])
    #expect(try EvaluationFile(reading: scratch["scores.json"]).evaluations == records)
  }

  @Test("zero-shot classifies the clips of shards by class embeddings; two students at once are refused")
  func zeroShot() throws {
    let scratch = try Scratch()
    try TinyData.shards(scratch["shards"])
    try RandomStudent.write(to: scratch["w.bin"])
    var random = SeededRandom(seed: 2)
    let classes = Tensor(shape: [2, 512], floats: (0..<1024).map { _ in Float(random.normal()) })
    try Files.write(try NumpyFile.bytes(of: classes), to: scratch["c.npy"])
    try Files.write("kind 0\nkind 1\n", to: scratch["c.txt"])
    var settings = ZeroShotSettings()
    (settings.data, settings.text) = (scratch["shards"], scratch["c.npy"])
    var place = EvaluationPlace()
    place.weights = scratch["w.bin"]
    let (records, files) = try run(ZeroShotJob(settings, place).run)
    #expect(records.map(\.data.clips) == [3] && records[0].data.classes == ["kind 0", "kind 1"])
    // The weights belong to no run, and no output file is given.
    #expect(files.isEmpty)
    place.run = "r"
    #expect(TinyData.code { try ZeroShotJob(settings, place).plan() } == "usage.weights")
  }
}
