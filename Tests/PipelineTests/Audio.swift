import Basics
import Evaluation
import Foundation
import Models
import Tensors
import TestSupport
import Testing

/// Audio clips and a student made up on the spot.
struct AudioClips {
  let tool: Tool

  init() throws {
    tool = try Tool()
    try WeightFiles.write(
      StateDictionary.tensors(RandomStudent.model(seed: 5).parameters, steps: 0), metadata: ["normalization": "clip"],
      to: tool.path("weights.safetensors"))
  }

  /// 16-bit WAV of a tone in noise, at 16 kHz or at 8 kHz.
  func write(_ name: String, pitch: Double, seconds: Double, seed: UInt64, rate: Int = 16_000) throws {
    var random = SeededRandom(seed: seed)
    var bytes: [UInt8] = []
    func add<T: FixedWidthInteger>(_ value: T) { withUnsafeBytes(of: value.littleEndian) { bytes += $0 } }
    let count = Int(seconds * Double(rate))
    bytes += Array("RIFF".utf8)
    add(UInt32(36 + 2 * count))
    bytes += Array("WAVEfmt ".utf8)
    add(UInt32(16))
    for value in [UInt16(1), 1] { add(value) }
    add(UInt32(rate))
    add(UInt32(2 * rate))
    for value in [UInt16(2), 16] { add(value) }
    bytes += Array("data".utf8)
    add(UInt32(2 * count))
    for i in 0..<count {
      let tone = sin(2 * .pi * pitch * Double(i) / Double(rate))
      add(Int16(8000 * tone + 2000 * (2 * random.uniform() - 1)))
    }
    try Files.makeDirectory(Files.parent(tool.path(name)))
    try Files.write(bytes, to: tool.path(name))
  }

  /// `sounds/<class>/<fold>-<number>.wav`: three classes by pitch, of lengths from 0.3 to 0.7 s.
  func set(folds: Int = 3, each: Int = 4) throws {
    for (label, pitch) in [("high", 3000.0), ("low", 300), ("middle", 1000)] {
      for fold in 1...folds {
        for number in 0..<each {
          let seed = UInt64(fold * 100 + number)
          let name = "sounds/\(label)/\(fold)-\(number).wav"
          try write(
            name, pitch: pitch * (1 + 0.05 * Double(number)), seconds: 0.3 + 0.1 * Double((fold + number) % 5),
            seed: seed,
            rate: number % 2 == 0 ? 16_000 : 8000)
        }
      }
    }
  }

  /// The student with a bias that is no number.
  func writeBroken(_ name: String) throws {
    var (weights, metadata) = try WeightFiles.read(tool.path("weights.safetensors"))
    var values = [Float](repeating: 0, count: 512)
    values[7] = .nan
    weights.set("audio_transform.sequential.3.bias", Tensor(shape: [512], floats: values))
    metadata["note"] = "broken"
    try WeightFiles.write(weights, metadata: metadata, to: tool.path(name))
  }

  func evaluation(_ name: String) throws -> EvaluationRecord {
    let file = try CanonicalJSON.decode(
      EvaluationFile.self, from: try Files.read(tool.path(name)), source: name)
    return try #require(file.evaluations.first)
  }
}
