import Basics
import Foundation
import Tensors
import Testing

/// Values of open_clip, transformers, Pillow and OpenAI's tokenizer, read from the shared directory.
enum GoldenFiles {
  static let shared = ProcessInfo.processInfo.environment["PIPELINE_SHARED"] ?? "../shared"
  static let directory = ProcessInfo.processInfo.environment["PIPELINE_CLIP_GOLDEN"] ?? shared + "/golden/clip"
  static let bpe = directory + "/bpe_simple_vocab_16e6.txt.gz"

  static let isThere: Bool = {
    let there = Files.exists(directory + "/texts.json")
    if !there {
      print("SKIPPED: golden values are not at \(directory); set PIPELINE_SHARED to the directory that holds them")
    }
    return there
  }()

  struct Text: Decodable {
    var text: String
    var cleaned: String
    var ids: [Int]
  }

  struct GoldenImage: Decodable {
    var source: String
    var path: String
    var index: Int
    var decoded: String?
  }

  static func texts() throws -> [Text] { try JSONDecoder().decode([Text].self, from: data("texts.json")) }
  static func images() throws -> [GoldenImage] {
    try JSONDecoder().decode([GoldenImage].self, from: data("pictures.json"))
  }

  static func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name)")) }

  /// The original file of an image.
  static func path(_ image: GoldenImage) -> String {
    image.source == "caltech" ? "\(shared)/data/caltech/\(image.path)" : "\(directory)/images/\(image.path)"
  }

  /// A lossless file of the image's pixels.
  static func pixels(_ image: GoldenImage) -> String {
    image.decoded.map { "\(directory)/decoded/\($0)" } ?? path(image)
  }

  static func expected(_ model: String) throws -> NamedTensors {
    let path = "\(directory)/\(model)/expected.safetensors"
    return try SafetensorsFile.read(try Files.read(path), source: path).tensors
  }

  /// The largest error of a row relative to its norm, and the largest 1 − cosine.
  static func errors(_ rows: [[Float]], _ expected: Tensor) throws -> (relative: Double, turn: Double) {
    let (values, width) = (try expected.doubles(), expected.shape[1])
    var (relative, turn) = (0.0, 0.0)
    for (r, row) in rows.enumerated() {
      let truth = values[r * width..<(r + 1) * width].map { $0 }
      let own = row.map(Double.init)
      let length = truth.reduce(0) { $0 + $1 * $1 }
      let difference = zip(own, truth).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
      let dot = zip(own, truth).reduce(0) { $0 + $1.0 * $1.1 }
      relative = max(relative, (difference / length).squareRoot())
      turn = max(turn, 1 - dot / (length * own.reduce(0) { $0 + $1 * $1 }).squareRoot())
    }
    return (rows.count == expected.shape[0] ? relative : .infinity, turn)
  }
}

extension Tensor {
  func doubles() throws -> [Double] {
    guard type == .float64 else { return try floats().map(Double.init) }
    return bytes.withUnsafeBytes { raw in
      (0..<elementCount).map { raw.loadUnaligned(fromByteOffset: 8 * $0, as: Double.self) }
    }
  }
}
