import Basics
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("pipeline embed in parts", .serialized)
struct PartEmbedTests {
  @Test("parts hold each audio clip once, with the embeddings of one machine; a part without clips is written too")
  func parts() throws {
    let audioClips = try AudioClips()
    let tool = audioClips.tool
    defer { tool.remove() }
    try audioClips.set(folds: 1, each: 2)
    func embed(_ more: String...) throws -> Tool.Outcome {
      try tool.run(all: ["embed", "sounds", "--weights", "weights.safetensors", "--out", "v.npy"] + more)
    }
    #expect(try embed().status == 0)
    var found: [String: [Float]] = [:]
    for index in 0..<9 {
      let outcome = try embed("--part", "\(index)/9")
      #expect(outcome.status == 0 && outcome.output.hasPrefix("part \(index) of 9"), "\(outcome.problems)")
      let rows = try embeddings(tool.path("v-0000\(index)-of-00009.npy"))
      for (key, row) in rows { #expect(found.updateValue(row, forKey: key) == nil, "\(key) twice") }
    }
    #expect(found == (try embeddings(tool.path("v.npy"))) && found.count == 6)
  }

  /// Rows by key.
  private func embeddings(_ path: String) throws -> [String: [Float]] {
    let keys = String(decoding: try Files.read(path.dropLast(3) + "keys.txt"), as: UTF8.self).split(separator: "\n")
    let table = try NumpyFile.read(try Files.read(path), source: path)
    let (values, width) = (try table.floats(), table.shape[1])
    #expect(table.shape[0] == keys.count)
    return Dictionary(
      uniqueKeysWithValues: keys.enumerated().map { (String($1), Array(values[$0 * width..<($0 + 1) * width])) })
  }
}
