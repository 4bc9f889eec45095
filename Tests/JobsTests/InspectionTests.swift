import Basics
import Foundation
import Inspect
import Shards
import Tensors
import TestSupport
import Testing

@Suite("How inspect describes files and directories")
struct InspectionTests {
  private func facts(_ inspection: Inspection, _ title: String) -> [String: String] {
    let section = inspection.sections.first { $0.title == title }
    return Dictionary((section?.properties ?? []).map { ($0.key, $0.value) }) { first, _ in first }
  }

  @Test("embeddings: norms, invalid rows, repeated rows")
  func embeddings() throws {
    let scratch = try Scratch()
    let rows: [[Float]] = [[3, 4], [3, 4], [0, 0], [.nan, 1], [0, 1]]
    try Files.write(
      try NumpyFile.bytes(of: Tensor(shape: [5, 2], floats: rows.flatMap(\.self))), to: scratch["e.npy"])
    let inspection = try Inspection(scratch["e.npy"])
    let found = facts(inspection, "embeddings")
    #expect(inspection.kind == "embeddings" && found["rows"] == "5" && found["width"] == "2", "\(found)")
    #expect(found["least norm"] == "0" && found["greatest norm"] == "5" && found["mean norm"] == "2.75")
    #expect(found["with NaN or infinity"] == "1" && found["all zeros"] == "1" && found["same as another"] == "1")
    #expect(inspection.warnings.contains { $0.contains("2 rows are no embeddings") })
    #expect(inspection.next.contains { $0.command.hasPrefix("pipeline search") })
    #expect(inspection.entries.first?.numbers == [5, 2])
  }

  @Test("JSON lines written by embed are embeddings; an incomplete line is reported with its number")
  func lines() throws {
    let scratch = try Scratch()
    try Files.write(
      "{\"embedding\":[0.6,0.8],\"id\":\"a\"}\n{\"embedding\":[1,0],\"id\":\"b\"}\n", to: scratch["e.jsonl"])
    let found = facts(try Inspection(scratch["e.jsonl"]), "embeddings")
    #expect(found["rows"] == "2" && found["of length one"] == "all", "\(found)")
    try Files.write("{\"id\":\"a\",\"start\":1}\n{\"id\":\n", to: scratch["m.jsonl"])
    #expect(TinyData.code { _ = try Inspection(scratch["m.jsonl"]) } == "inspect.line")
    try Files.write("{\"id\":\"a\",\"start\":1}\n", to: scratch["m.jsonl"])
    #expect(try Inspection(scratch["m.jsonl"]).kind == "manifest in JSON lines")
  }

  @Test("weights: encoder, input and output, in every format; NaN gives a warning")
  func weights() throws {
    let scratch = try Scratch()
    for ending in ["bin", "safetensors", "onnx"] {
      try RandomStudent.write(to: scratch["w.\(ending)"])
      let inspection = try Inspection(scratch["w.\(ending)"])
      let ports = facts(inspection, "inputs and outputs")
      #expect(inspection.kind == "weights of an audio encoder", "\(ending): \(inspection.kind)")
      let input = ending == "onnx" ? "input waveform" : "input"
      let output = ending == "onnx" ? "output embedding" : "output"
      #expect(ports[input]?.contains("[batch, samples]") == true, "\(ending): \(ports)")
      #expect(ports[output]?.contains("[batch, 512]") == true, "\(ending): \(ports)")
      #expect(inspection.warnings.isEmpty && inspection.next.contains { $0.command.contains("--weights") })
    }
  }

  @Test("runs, checkpoints, logs and shards: what they are, and the commands that take them")
  func artifacts() throws {
    let scratch = try Scratch()
    try TinyData.run("aaaa1", in: scratch["runs"])
    try TinyData.shards(scratch["shards"])
    let checkpoint = try #require(Files.names(in: scratch["runs/aaaa1/checkpoints"]).first { $0.hasSuffix("tensors") })
    for (path, kind, next) in [
      ("runs", "directory of runs", "pipeline runs"), ("runs/aaaa1", "run", "pipeline export"),
      ("runs/aaaa1/run.json", "run", "--run aaaa1"), ("runs/aaaa1/metrics.jsonl", "log of a training", "report"),
      ("runs/aaaa1/checkpoints/\(checkpoint)", "checkpoint of a run", "--checkpoint 2"),
      ("shards", "training shards", "pipeline distill"),
      ("shards/train-000000.tar", "training shard", "pipeline distill"),
    ] {
      let inspection = try Inspection(scratch[path])
      #expect(
        inspection.kind == kind && inspection.next.contains { $0.command.contains(next) }, "\(path): \(inspection)")
    }
    let shard = facts(try Inspection(scratch["shards/train-000000.tar"]), "embeddings")
    #expect(shard["rows"] == "40" && shard["width"] == "512", "\(shard)")
    #expect(facts(try Inspection(scratch["shards"]), "train")["clips"] == "4")
  }

  @Test("commands are quoted for a shell, and say when they are the right ones")
  func commands() throws {
    let scratch = try Scratch()
    let path = scratch["my e.npy"]
    try Files.write(try NumpyFile.bytes(of: Tensor(shape: [1, 2], floats: [0.6, 0.8])), to: path)
    let next = try Inspection(path).next
    #expect(
      next.contains { $0 == ("pipeline search --audio FILE --in '\(path)'", "embeddings of audio") }, "\(next)")
    #expect(
      next.contains { $0 == ("pipeline prepare VIDEOS --embeddings '\(path)'", "a teacher's embeddings of frames") })
  }

  @Test("tables: manifests, and tables that are not manifests")
  func tables() throws {
    let scratch = try Scratch()
    try Files.write("id,start,label,split\nabc,0,dog,train\nabd,10,cat,test\n", to: scratch["m.csv"])
    let manifest = try Inspection(scratch["m.csv"])
    #expect(manifest.kind == "manifest" && facts(manifest, "manifest")["clips"] == "2", "\(manifest)")
    #expect(facts(manifest, "manifest")["splits"] == "1 train, 1 test")
  }

  @Test("a directory with nothing for this tool is described so; an unknown file is a usage error that lists the kinds")
  func nothing() throws {
    let scratch = try Scratch()
    try Files.makeDirectory(scratch["empty"])
    try Files.write("notes", to: scratch["notes.txt"])
    #expect(try Inspection(scratch["empty"]).warnings.count == 1)
    // Weights of an audio encoder alone in a directory are no CLIP model.
    try RandomStudent.write(to: scratch["empty/weights.bin"])
    #expect(try Inspection(scratch["empty"]).kind == "directory")
    #expect(TinyData.code { _ = try Inspection(scratch["notes.txt"]) } == "inspect.unknown")
    #expect(TinyData.code { _ = try Inspection(scratch["absent"]) } != nil)
  }

  @Test("damaged files of each kind give a failure, never a trap")
  func damaged() throws {
    let scratch = try Scratch()
    try Files.write(try NumpyFile.bytes(of: Tensor(shape: [2, 3], floats: [1, 2, 3, 4, 5, 6])), to: scratch["e.npy"])
    try Files.write("{\"embedding\":[1,2],\"id\":\"a\"}\n", to: scratch["e.jsonl"])
    try Files.write("id,start\nabc,0\n", to: scratch["m.csv"])
    for name in ["e.npy", "e.jsonl", "m.csv"] {
      let copy = scratch["copy.\(Files.ending(name) ?? "")"]
      let problems = Mutations.problems(of: try Files.read(scratch[name]), "inspect \(name)", trials: 60) { bytes in
        try Mutations.write(bytes, to: copy)
        _ = try Inspection(copy)
      }
      #expect(problems.isEmpty, "\(problems)")
    }
  }
}
