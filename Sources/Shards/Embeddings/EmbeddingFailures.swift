// Messages about files with teacher embeddings, in addition to `ShardsFailures.swift`.

import Basics

extension Failure {
  static func embeddingsPartMissing(_ path: String) -> Failure {
    Failure("embeddings.parts", "a part of a set of embeddings is not there", on: path)
  }

  static func zipLarge(_ path: String, _ name: String, _ size: Int, limit: Int) -> Failure {
    Failure(
      "zip.large", "a member is larger than teacher embeddings can be", on: "\(path), \(name)", found: "\(size) bytes",
      expected: "at most \(limit)")
  }

  static func zipMethod(_ path: String, _ name: String, _ method: UInt16) -> Failure {
    Failure(
      "zip.method", "a member is packed in a way that is not read", on: "\(path), \(name)", found: "method \(method)",
      expected: "stored or deflate", hint: "write it again: numpy.savez_compressed")
  }

  static func zipDamaged(_ path: String, _ name: String, _ reason: String) -> Failure {
    Failure("zip.damaged", "a member cannot be unpacked", on: "\(path), \(name)", found: reason)
  }

  static func npzEmpty(_ path: String, _ names: [String]) -> Failure {
    Failure(
      "npz.empty", "no arrays in it", on: path, found: names.prefix(4).joined(separator: ", "), expected: "<name>.npy")
  }

  static func tableRow(_ source: String, _ row: Int) -> Failure {
    Failure("embeddings.table", "the table has no such row", on: source, found: "\(row)")
  }

  static func tableOrder(_ path: String) -> Failure {
    Failure(
      "embeddings.order", "the table lies column by column (Fortran order)", on: path, expected: "row by row",
      hint: "python3 -c \"import numpy as n; n.save('\(path)', n.ascontiguousarray(n.load('\(path)')))\"")
  }

  static func tableShort(_ path: String, found: Int, expected: Int) -> Failure {
    Failure(
      "npy.short", "the array is cut off", on: path, found: "\(max(0, found)) bytes of elements",
      expected: "\(expected)")
  }

  static func tablePartition(_ path: String, _ found: String, _ expected: String) -> Failure {
    Failure(
      "embeddings.partition", "a partition differs from those before it", on: path, found: found, expected: expected)
  }

  static func tableKeys(_ path: String, found: Int, rows: Int) -> Failure {
    Failure(
      "embeddings.keys", "the table has another number of rows than keys", on: path, found: "\(found) keys",
      expected: "\(rows)")
  }

  static func tableKey(_ list: String, line: Int) -> Failure {
    Failure(
      "embeddings.keys", "a line is no key", on: "\(list), line \(line)",
      expected: list.hasSuffix(".jsonl") ? "{\"key\": \"<id>_<frame>\"} or a text" : "<id> or <id>_<frame>")
  }

  static func tableNames(_ path: String) -> Failure {
    Failure(
      "embeddings.keys", "nothing says which row of the table is which clip", on: path,
      expected: "metadata \"keys\": a JSON list with one id a row",
      hint: "save_file(tensors, path, metadata={\"keys\": json.dumps(ids)})")
  }

  static func tableKeysMissing(_ path: String) -> Failure {
    let stem = path.dropLast(4)
    let digits = stem.split(separator: "_").last ?? ""
    return Failure(
      "embeddings.keys", "nothing says which row of the table is which image", on: path,
      expected: "\(Files.name(String(stem))).keys.txt with one key a row: <id> or <id>_<frame>",
      hint: """
        python3 -c "import pandas as p; t = p.read_parquet('\(Files.parent(Files.parent(path)))/metadata/metadata_\(digits).parquet'); \
        open('\(stem).keys.txt', 'w').write(''.join(k + chr(10) for k in t['image_path']))"
        """)
  }

  package static func mixedNormalization(unit: String, other: String) -> Failure {
    Failure(
      "embeddings.normalised", "some teacher embeddings have length one and others do not: their means do not compare",
      found: "\(unit) has length one, \(other) has not", expected: "all, or none",
      hint:
        "give embeddings of one kind; \"normalised\": true or false in a source's embeddings.json overrules what is found"
    )
  }

  static func embeddingEnding(_ path: String, known: [String]) -> Failure {
    let name = Files.name(path)
    let ending = Files.ending(name) ?? ""
    return Failure(
      "embed.ending", "no file of embeddings has this ending", on: path, found: ending.isEmpty ? "none" : ".\(ending)",
      expected: known.map { ".\($0)" }.joined(separator: ", "),
      hint: nearest(ending, in: known).map { "did you mean .\($0)?" }, exit: .usage)
  }

  static func namedTableFormat(_ path: String, known: [String]) -> Failure {
    Failure(
      "text.format", "a table with named rows is not read from such a file", on: path,
      expected: known.map { ".\($0)" }.joined(separator: ", "), exit: .usage)
  }

  static func tableMissing(_ path: String, _ name: String, found: [String]) -> Failure {
    Failure(
      "vectors.missing", "the file lacks a table", on: path, found: found.joined(separator: ", "),
      expected: "\(name) [rows, width]")
  }
}
