import Basics
import Embed
import Tensors
import TestSupport
import Testing

@Suite("Embedding without the command line")
struct EmbedJobTests {
  @Test("the clips of shards become a file of embeddings, with one event each; without a worker it fails")
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
    #expect(written.map(\.audioClips) == [3] && written.map(\.width) == [512])
    #expect(try NumpyFile.read(Files.read(settings.output), source: "v").shape == [3, 512])

    // Without a worker nothing can be decoded; this is an error, not a verdict on a clip.
    try Files.makeDirectory(scratch["odd"])
    try Files.write("no sound", to: scratch["odd/a.wav"])
    (settings.inputs, settings.output) = ([scratch["odd"]], scratch["odd.npy"])
    settings.workerCommand = ["/bin/false"]
    #expect(TinyData.code { try EmbedJob(settings).run { _ in } } == "worker.start")
    #expect(!Files.exists(settings.output))
  }
}
