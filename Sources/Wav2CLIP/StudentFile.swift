import Basics
import Distillation
import Glibc
import Kernels
import Tensors
import WeightFiles

/// A student read from a weights file.
package enum StudentFile {
  /// Convolutions in float32 stay in the mapped file: only what is small is copied.
  /// - Throws: what reading the format throws; `tensor.missing` or `weights.shape` for a file that holds no student.
  package static func read(_ path: String) throws -> (FrozenStudent, metadata: [String: String]) {
    let file = try MappedFile(path)
    guard let (places, metadata) = try WeightFiles.places(file) else {
      let (weights, metadata) = try WeightFiles.read(path)
      return (FrozenStudent(try parameters(weights, path)), metadata)
    }
    let byName = Dictionary(places) { first, _ in first }
    var (weights, mapped) = (NamedTensors(), [String: Floats]())
    for layer in EncoderArchitecture().layers {
      let name = "audio_encoder.\(layer.weight)"
      guard let place = byName[name], place.type == .float32,
        place.shape == [layer.outputChannels, layer.inputChannels, layer.kernel, layer.kernel],
        let start = file.bytes.baseAddress, (Int(bitPattern: start) + place.range.lowerBound) % 4 == 0
      else { continue }
      mapped[name] = (start + place.range.lowerBound).assumingMemoryBound(to: Float.self)
    }
    for (name, place) in byName where mapped[name] == nil && isWanted(name) {
      try weights.add(name, try place.tensor(in: file.bytes), source: path)
    }
    let parameters = try parameters(weights, path, except: mapped)
    return (FrozenStudent(parameters, convolutions: mapped, in: file), metadata)
  }

  private static func isWanted(_ name: String) -> Bool {
    name.hasPrefix("audio_encoder.") || name.hasPrefix("audio_transform.")
  }

  /// - Parameter elsewhere: convolutions that are left as they are.
  private static func parameters(
    _ weights: NamedTensors, _ path: String, except elsewhere: [String: Floats] = [:]
  ) throws -> Parameters {
    let projections = weights["audio_transform.sequential.0.weight"] == nil ? [] : ["audio_transform"]
    let layout = ParameterLayout(architecture: EncoderArchitecture(), projections: projections, temperatures: [])
    let parameters = Parameters(layout)
    if !elsewhere.isEmpty {
      // What is filled lies scattered: with large pages nearly all of the buffer would become real memory.
      madvise(parameters.trainable.start, parameters.trainable.count * 4, MADV_NOHUGEPAGE)
    }
    for (slots, buffer) in [(layout.trainable, parameters.trainable), (layout.running, parameters.running)] {
      for slot in slots where elsewhere[slot.name] == nil {
        let tensor = try weights.required(slot.name, source: path)
        guard tensor.shape == slot.shape else {
          throw Failure.weightShape("\(path), \(slot.name)", tensor.shape, expected: slot.shape)
        }
        try tensor.floats().withUnsafeBufferPointer { values in
          if let start = values.baseAddress { (buffer.start + slot.offset).update(from: start, count: values.count) }
        }
      }
    }
    return parameters
  }
}
