import Basics
import Kernels
import Networks
import Tensors

/// Converts between a network's weights and named tensors as in files, in the reference's order.
package enum StateDictionary {
  private static let window = Architecture.prefix + "spectrogram.window"

  /// All entries of the reference's state dictionary: the window, then the entries of the layout's specs.
  /// - Parameter steps: the number of training steps, which the reference stores in every batch norm.
  package static func tensors(_ parameters: Parameters, steps: Int) throws -> NamedTensors {
    var result = NamedTensors()
    try result.add(window, Tensor(shape: [512], floats: Self.hann))
    let layout = parameters.layout
    for spec in layout.specs {
      if spec.role == .stepCount {
        try result.add(spec.name, Tensor(scalar: Int64(steps)))
        continue
      }
      let slot = layout.slot(spec.name)
      let buffer = spec.role == .statistic ? parameters.running : parameters.trainable
      try result.add(spec.name, Tensor(shape: slot.shape, floats: buffer[slot.offset..<slot.offset + slot.count]))
    }
    return result
  }

  /// The periodic Hann window that the reference's spectrogram stores.
  static let hann: [Float] = (0..<512).map { i in
    // Symmetric about the middle, so that both halves have the same bits.
    Float(0.5 - 0.5 * cosine(2 * .pi * Double(min(i, 512 - i)) / 512))
  }

  /// Which parameters a weights file fills.
  package enum Part: Sendable { case encoder, all }

  /// Fills `parameters` from tensors under the reference's names; tensors with other names are ignored.
  /// - Parameter elsewhere: names that are not read.
  /// - Returns: the number of steps that the file states; 0 if it states none.
  /// - Throws: `tensor.missing`; `weights.shape` for a tensor of another shape.
  @discardableResult
  package static func load(
    _ weights: NamedTensors, into parameters: Parameters, part: Part = .all, except elsewhere: Set<String> = [],
    source: String
  ) throws -> Int {
    let layout = parameters.layout
    for (slots, buffer) in [(layout.trainable, parameters.trainable), (layout.running, parameters.running)] {
      for slot in slots where part == .all || slot.name.hasPrefix(Architecture.prefix) {
        guard !elsewhere.contains(slot.name) else { continue }
        let tensor = try weights.required(slot.name, source: source)
        guard tensor.shape == slot.shape else {
          throw Failure.weightShape("\(source), \(slot.name)", tensor.shape, expected: slot.shape)
        }
        try tensor.floats().withUnsafeBufferPointer { values in
          if let start = values.baseAddress { (buffer.start + slot.offset).update(from: start, count: values.count) }
        }
      }
    }
    let counter = layout.specs.first { $0.role == .stepCount }.flatMap { weights[$0.name] }
    guard let counter, counter.type == .int64 else { return 0 }
    return Int(counter.bytes.withUnsafeBytes { Int64(littleEndian: $0.loadUnaligned(as: Int64.self)) })
  }

  /// Sorts entries in the order of the reference's state dictionary; other entries follow in their given order.
  package static func sorted(_ pairs: [(String, Tensor)], _ architecture: Architecture) -> [(String, Tensor)] {
    let projections = [Projection.audio, Projection.image].flatMap {
      Projection($0, inputs: 1, outputs: 1).parameters.map(\.name)
    }
    let names = [window] + architecture.parameters.map(\.name) + projections + logitScales
    let ranks = Dictionary(names.enumerated().map { ($1, $0) }) { first, _ in first }
    return pairs.enumerated().sorted { a, b in
      (ranks[a.element.0] ?? .max, a.offset) < (ranks[b.element.0] ?? .max, b.offset)
    }.map(\.element)
  }

  /// The logit scales of all losses, in their order in a file.
  private static let logitScales = ["loss_fn_i", "loss_fn_a", "loss_fn"].map { "\($0).logit_scale" }
}

/// Failures of this module.
extension Failure {
  static func weightShape(_ place: String, _ found: [Int], expected: [Int]) -> Failure {
    Failure(
      "weights.shape", "a tensor has another shape than the model's", on: place, found: "\(found)",
      expected: "\(expected)")
  }
}
