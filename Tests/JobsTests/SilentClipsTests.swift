import Basics
import Evaluate
import Evaluation
import Tensors
import TestSupport
import Testing

@Suite("Digital silence in an evaluation")
struct SilentClipsTests {
  @Test("is detected to the last bit, and the result is described in words")
  func words() {
    var silent = SilentClips()
    silent.add("heard", [0, 1e-4])
    #expect(silent.warning(of: 1) == nil)
    silent.add("zero", [0, 0])
    #expect(
      silent.warning(of: 2)
        == "audio.silent: 1 of 2 clips is digital silence; it is scored like the others: zero (all samples are zero)")
    silent.add("one bit", [0, -1 / 32768, 0])
    for k in 0..<4 { silent.add("more \(k)", []) }
    let text = silent.warning(of: 9) ?? ""
    #expect(text.contains("6 of 9 clips are digital silence") && text.contains("one bit (the peak is -90.3 dBFS)"))
    #expect(text.contains("more 2 (all samples are zero) and 1 more") && !text.contains("more 3"))
  }

  @Test("silent clips of shards are kept and named in the record, in retrieval and in zero-shot")
  func shards() throws {
    let scratch = try Scratch()
    try TinyData.shards(scratch["shards"], silent: 1)
    try RandomStudent.write(to: scratch["w.bin"])
    var random = SeededRandom(seed: 2)
    let classes = Tensor(shape: [2, 512], floats: (0..<1024).map { _ in Float(random.normal()) })
    try Files.write(try NumpyFile.bytes(of: classes), to: scratch["c.npy"])
    try Files.write("kind 0\nkind 1\n", to: scratch["c.txt"])
    var place = EvaluationPlace()
    place.weights = scratch["w.bin"]
    var (retrieval, zeroShot) = (RetrievalSettings(), ZeroShotSettings())
    retrieval.shards = scratch["shards"]
    (zeroShot.data, zeroShot.text) = (scratch["shards"], scratch["c.npy"])
    var records: [EvaluationRecord] = []
    let keep = { (event: EvaluationEvent) in if case .scored(let record) = event { records.append(record) } }
    try RetrieveJob(retrieval, place).run(keep)
    try ZeroShotJob(zeroShot, place).run(keep)
    let warning =
      "audio.silent: 1 of 3 clips is digital silence; it is scored like the others: test0 (all samples are zero)"
    #expect(records.map(\.warnings) == [[warning], [warning]])
    #expect(records.map(\.scored) == [3, 3])
  }
}
