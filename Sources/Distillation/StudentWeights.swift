import Basics
import Kernels
import Tensors

/// The student's weights under the reference's names, in the reference's order, and back.
package enum StudentWeights {
  /// All entries of the reference's state dictionary for this loss: weights, running statistics, counters, the window.
  /// - Parameter steps: training steps done, which the reference counts in every batch norm.
  package static func export(_ parameters: Parameters, _ architecture: EncoderArchitecture, steps: Int) throws
    -> NamedTensors
  {
    var result = NamedTensors()
    let layout = parameters.layout
    func add(_ name: String, _ slot: Slot, _ buffer: FloatBuffer) throws {
      try result.add(name, Tensor(shape: slot.shape, floats: buffer[slot.offset..<slot.offset + slot.count]))
    }
    try result.add("audio_encoder.spectrogram.window", Tensor(shape: [512], floats: Self.window))
    for layer in architecture.layers {
      try add("audio_encoder.\(layer.weight)", layout.slot("audio_encoder.\(layer.weight)"), parameters.trainable)
      let norm = "audio_encoder.\(layer.norm)"
      for part in ["weight", "bias"] {
        try add("\(norm).\(part)", layout.slot("\(norm).\(part)"), parameters.trainable)
      }
      for part in ["running_mean", "running_var"] {
        try add("\(norm).\(part)", layout.slot("\(norm).\(part)"), parameters.running)
      }
      try result.add("\(norm).num_batches_tracked", Tensor(scalar: Int64(steps)))
    }
    for slot in layout.trainable where !slot.name.hasPrefix("audio_encoder.") {
      try add(slot.name, slot, parameters.trainable)
    }
    return result
  }

  /// The periodic Hann window that the reference's spectrogram stores.
  static let window: [Float] = (0..<512).map { i in
    // By symmetry about the middle, so that both halves are the same bits.
    Float(0.5 - 0.5 * cosine(2 * .pi * Double(min(i, 512 - i)) / 512))
  }

  /// The encoder with its projection of the audio, where the file has one: all that embedding needs.
  package static func student(_ weights: NamedTensors, _ architecture: EncoderArchitecture, source: String) throws
    -> Parameters
  {
    let projections = weights["audio_transform.sequential.0.weight"] == nil ? [] : ["audio_transform"]
    let parameters = Parameters(ParameterLayout(architecture: architecture, projections: projections, temperatures: []))
    try load(weights, into: parameters, source: source)
    return parameters
  }

  /// Which parameters a weights file fills.
  package enum Part: Sendable { case encoder, all }

  /// Fills `parameters` from tensors under the reference's names; other names are left alone.
  /// - Returns: the steps that the file counts.
  /// - Throws: `Failure` for a tensor that is missing or has another shape.
  @discardableResult
  package static func load(_ weights: NamedTensors, into parameters: Parameters, part: Part = .all, source: String)
    throws -> Int
  {
    for (slots, buffer) in [
      (parameters.layout.trainable, parameters.trainable), (parameters.layout.running, parameters.running),
    ] {
      for slot in slots where part == .all || slot.name.hasPrefix("audio_encoder.") {
        let tensor = try weights.required(slot.name, source: source)
        guard tensor.shape == slot.shape else {
          throw Failure(
            "weights.shape", "a tensor has another shape than the student's", on: "\(source), \(slot.name)",
            found: "\(tensor.shape)", expected: "\(slot.shape)")
        }
        let values = try tensor.floats()
        for (i, value) in values.enumerated() { buffer.start[slot.offset + i] = value }
      }
    }
    guard let counter = weights["audio_encoder.bn1.num_batches_tracked"], counter.type == .int64 else { return 0 }
    return Int(counter.bytes.withUnsafeBytes { Int64(littleEndian: $0.loadUnaligned(as: Int64.self)) })
  }
}
