import Basics
import Embed
import Tensors
import TestSupport
import Testing

@Suite("Embedding without the program")
struct EmbedJobTests {
  @Test("the clips of shards become a file of vectors, one event each; a file that no worker can decode is left out")
  func shards() throws {
    let scratch = try Scratch()
    try TinyData.shards(scratch["shards"])
    try RandomStudent.write(to: scratch["w.bin"])
    var settings = EmbeddingSettings()
    (settings.inputs, settings.output, settings.weights) = ([scratch["shards"]], scratch["v.npy"], scratch["w.bin"])
    (settings.threads, settings.jobs) = (1, 1)
    let job = try EmbedJob(settings)
    var (names, written) = ([String](), [EmbedJob.Outcome]())
    try job.run { event in
      switch event {
      case .embedded(let name, let rows):
        names.append(name)
        #expect(rows == 1)
      case .written(let outcome): written.append(outcome)
      default: break
      }
    }
    #expect(job.count == 3 && names == ["test0", "test1", "test2"])
    #expect(written.map(\.sounds) == [3] && written.map(\.width) == [512])
    #expect(try NumpyFile.read(Files.read(settings.output), source: "v").shape == [3, 512])

    // A worker that dies at once, twice.
    try Files.makeFolder(scratch["odd"])
    try Files.write("no sound", to: scratch["odd/a.wav"])
    settings.inputs = [scratch["odd"]]
    settings.workerCommand = ["/bin/false"]
    settings.output = scratch["odd.npy"]
    var reasons: [String] = []
    let code = TinyData.code {
      try EmbedJob(settings).run { if case .leftOut(let sound) = $0 { reasons.append(sound.finding.code.rawValue) } }
    }
    #expect(code == "embed.none" && reasons == ["decoder.crashed"] && !Files.exists(settings.output))
  }
}
