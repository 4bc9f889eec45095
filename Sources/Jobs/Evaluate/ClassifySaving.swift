import Basics
import Evaluation
import Tensors

/// Saves the data of a classification for external tools.
extension ClassifyEvaluation {
  /// Writes targets, features, scores and shares as safetensors.
  func save(_ data: ClassifyData, _ partitions: [Partition], _ outcomes: [Task: Outcome], to path: String)
    throws
  {
    struct Share: Encodable {
      var name: String
      var seed: Int
      var fit: [Int]
      var validation: [Int]
      var test: [Int]
    }
    var tensors = NamedTensors()
    let count = data.clips.count
    try tensors.add(
      "targets",
      Tensor(shape: [count, data.targets.names.count], floats: data.targets.matrix(Array(data.clips.indices))))
    for (row, seeds) in data.features.sorted(by: { $0.key < $1.key }) {
      for (seed, rows) in seeds.enumerated() {
        try tensors.add("features/\(row)/\(seed)", Tensor(shape: [count, rows.width], floats: rows.values))
      }
    }
    for (task, outcome) in outcomes where task.fraction == 1 {
      let test = partitions[task.partition].test.count
      try tensors.add(
        "scores/\(task.name)/\(partitions[task.partition].name)/\(task.seed)",
        Tensor(shape: [test, data.targets.names.count], floats: outcome.scores))
    }
    let shares = partitions.indices.flatMap { number in
      (0..<settings.seeds).map { seed -> Share in
        let task = Task(row: "", probe: nil, partition: number, seed: seed, fraction: 1)
        let cut = share(task, data, partitions)
        return Share(
          name: partitions[number].name, seed: seed, fit: cut.fit, validation: cut.validation,
          test: partitions[number].test)
      }
    }
    try Files.makeDirectory(Files.parent(path))
    let file = try OutputFile(path)
    try SafetensorsFile.write(
      tensors,
      metadata: [
        "names": try CanonicalJSON.text(data.names), "classes": try CanonicalJSON.text(data.targets.names),
        "partitions": try CanonicalJSON.text(shares),
      ], to: file)
    try file.commit()
  }
}
