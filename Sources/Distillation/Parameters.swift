import Basics
import Kernels
import Tensors

/// One named array inside a flat store.
package struct Slot: Sendable, Equatable {
  package var name: String
  package var shape: [Int]
  package var offset: Int
  package var count: Int { shape.reduce(1, *) }
}

/// Where each trainable array and each running statistic lies. The order is the reference's; losses add their own at the end.
package struct ParameterLayout: Sendable {
  package private(set) var trainable: [Slot] = []
  package private(set) var running: [Slot] = []
  private var places: [String: Slot] = [:]
  package private(set) var trainableCount = 0
  package private(set) var runningCount = 0

  package init(architecture: EncoderArchitecture, projections: [String], temperatures: [String]) {
    for layer in architecture.layers {
      add("audio_encoder.\(layer.weight)", [layer.outputChannels, layer.inputChannels, layer.kernel, layer.kernel])
      add("audio_encoder.\(layer.norm).weight", [layer.outputChannels])
      add("audio_encoder.\(layer.norm).bias", [layer.outputChannels])
      addRunning("audio_encoder.\(layer.norm).running_mean", [layer.outputChannels])
      addRunning("audio_encoder.\(layer.norm).running_var", [layer.outputChannels])
    }
    let width = architecture.width
    for projection in projections {
      for index in [0, 3] {
        add("\(projection).sequential.\(index).weight", [width, width])
        add("\(projection).sequential.\(index).bias", [width])
      }
    }
    for temperature in temperatures { add(temperature, []) }
  }

  private mutating func add(_ name: String, _ shape: [Int]) {
    let slot = Slot(name: name, shape: shape, offset: trainableCount)
    trainable.append(slot)
    places[name] = slot
    trainableCount += slot.count
  }

  private mutating func addRunning(_ name: String, _ shape: [Int]) {
    let slot = Slot(name: name, shape: shape, offset: runningCount)
    running.append(slot)
    places[name] = slot
    runningCount += slot.count
  }

  /// The slot of a name that the layout was built with.
  package func slot(_ name: String) -> Slot {
    guard let slot = places[name] else { preconditionFailure("no parameter \(name)") }
    return slot
  }

  package func contains(_ name: String) -> Bool { places[name] != nil }
}

/// The student's weights and running statistics, each in one flat buffer.
package final class Parameters: Sendable {
  package let layout: ParameterLayout
  package let trainable: FloatBuffer
  package let running: FloatBuffer

  package init(_ layout: ParameterLayout) {
    self.layout = layout
    trainable = FloatBuffer(layout.trainableCount)
    running = FloatBuffer(layout.runningCount)
  }

  package func weights(_ name: String) -> UnsafeMutablePointer<Float> { trainable.start + layout.slot(name).offset }
  package func statistics(_ name: String) -> UnsafeMutablePointer<Float> { running.start + layout.slot(name).offset }

  /// The reference's initial values: Kaiming normal over fan-out for convolutions, N(1, 0.02) for batch norm scales, PyTorch's
  /// default for linear layers (uniform in ±1/√fan-in), ln(1/0.07) for temperatures. A function of the seed alone.
  package func initialise(seed: UInt64) {
    for slot in layout.trainable {
      var random = SeededRandom(seed: seed, for: slot.name)
      let values = UnsafeMutableBufferPointer(start: trainable.start + slot.offset, count: slot.count)
      switch slot.shape.count {
      case 4:
        let deviation = (2.0 / Double(slot.shape[0] * slot.shape[2] * slot.shape[3])).squareRoot()
        for i in values.indices { values[i] = Float(random.normal() * deviation) }
      case 2:
        let bound = 1 / Double(slot.shape[1]).squareRoot()
        for i in values.indices { values[i] = Float((2 * random.uniform() - 1) * bound) }
      case 0: values[0] = 2.6592600369327779
      default:
        if slot.name.hasPrefix("audio_encoder.") {
          for i in values.indices { values[i] = slot.name.hasSuffix(".weight") ? Float(1 + 0.02 * random.normal()) : 0 }
        } else {
          let bound = 1 / Double(slot.shape[0]).squareRoot()
          for i in values.indices { values[i] = Float((2 * random.uniform() - 1) * bound) }
        }
      }
    }
    for slot in layout.running {
      let value: Float = slot.name.hasSuffix("running_var") ? 1 : 0
      (running.start + slot.offset).update(repeating: value, count: slot.count)
    }
  }
}
