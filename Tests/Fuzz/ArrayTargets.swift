import Basics
import Networks
import TestSupport

@testable import Models
@testable import Shards
@testable import Tensors
@testable import Training

private func tensors() throws -> NamedTensors {
  try NamedTensors([
    ("a", Tensor(shape: [2, 3], floats: (0..<6).map(Float.init))), ("n", Tensor(scalar: 1)),
    ("é", Tensor(shape: [4], floats: [0, 1, 2, 3]).converted(to: .float16)),
  ])
}

/// Lists the embeddings in a file and reads them.
private func readEmbeddings(_ format: any ReadableEmbeddings.Type, _ path: String) throws {
  guard format.reads(path) else { return }
  let index = try EmbeddingIndex(paths: [path])
  withExtendedLifetime(index) {}
  _ = try EmbeddingFormats.contents(path)
}

private func embeddings(_ name: String) throws -> [UInt8] {
  let set = EmbeddingSet(
    ["clip_a", "clip_b"].map { .init(key: $0, rows: 2, seconds: 2) }, width: 3, times: { Double($0) },
    metadata: { ["model": "t"] }, values: { _ in [1, 2, 3, 4, 5, 6] })
  return try FuzzFile.written(name) { try EmbeddingFormats.writing($0).write(set, to: $0) }
}

/// Readers of files that hold arrays.
let arrayTargets = [
  FuzzTarget(
    name: "npy",
    seeds: {
      try [
        NumpyFile.bytes(of: Tensor(shape: [3, 4], floats: (0..<12).map(Float.init))),
        NumpyFile.bytes(of: Tensor(shape: [], floats: [1])),
      ]
    }, read: { _ = try NumpyFile.read($0, source: "t") }),
  FuzzTarget(
    name: "npz", seeds: { [try embeddings("seed.npz")] },
    read: { try readEmbeddings(NpzEmbeddings.self, FuzzFile.holding($0, "t.npz")) }),
  FuzzTarget(
    name: "tar", seeds: { [try embeddings("seed.tar")] },
    read: { try readEmbeddings(TarEmbeddings.self, FuzzFile.holding($0, "t.tar")) }),
  FuzzTarget(
    name: "safetensors", seeds: { [try SafetensorsFile.bytes(of: tensors(), metadata: ["a": "é\n"])] },
    read: { _ = try SafetensorsFile.read($0, source: "t") }),
  FuzzTarget(
    name: "torch", seeds: { [try TorchZip.bytes(of: tensors(), records: ["x": [1, 2, 3]])] },
    read: { bytes in _ = try bytes.withUnsafeBytes { try TorchZip.read($0, source: "t") } }),
  FuzzTarget(
    name: "pickle",
    seeds: {
      let file = try TorchZip.bytes(of: tensors())
      return try file.withUnsafeBytes { bytes in
        try StoredZipReader(bytes, source: "t").data("archive/data.pkl").map { [Array($0)] } ?? []
      }
    },
    read: { pickle in
      var zip: [UInt8] = []
      var writer = StoredZipWriter { zip += $0 }
      try writer.add("archive/data.pkl", pickle)
      try writer.add("archive/version", Array("3\n".utf8))
      for number in 0..<3 { try writer.add("archive/data/\(number)", [UInt8](repeating: 1, count: 64)) }
      try writer.finish()
      _ = try zip.withUnsafeBytes { try TorchZip.read($0, source: "t") }
    }),
  FuzzTarget(
    name: "onnx",
    seeds: {
      var model = Onnx_ModelProto()
      model.irVersion = 8
      var value = Onnx_TensorProto()
      (value.name, value.dims, value.dataType) = ("w", [2], 1)
      value.rawData.append(contentsOf: [0, 0, 128, 63, 0, 0, 0, 64])
      var note = Onnx_StringStringEntryProto()
      (note.key, note.value) = ("format", "wav2clip")
      (model.graph.initializer, model.metadataProps) = ([value], [note])
      return [try model.serializedBytes()]
    }, read: { _ = try WeightFiles.read(FuzzFile.holding($0, "t.onnx")) }),
  FuzzTarget(
    name: "checkpoint",
    seeds: {
      let path = try FuzzFile.holding([], "name") + ".checkpoints"
      try CheckpointDirectory(path).save(smallLearner(), TrainingState())
      return [try Files.read("\(path)/step-00000000.safetensors")]
    },
    read: { bytes in
      let path = try FuzzFile.holding(bytes, "step-00000007.safetensors")
      let directory = CheckpointDirectory(existing: Files.parent(path))
      _ = directory.latestState
      _ = try directory.load(7, into: smallLearner())
    }),
]

private func smallLearner() -> Learner {
  Learner([
    ParameterSpec("w", [4], initial: .constant(1)),
    ParameterSpec("mean", [2], initial: .constant(0), role: .statistic),
  ])
}
