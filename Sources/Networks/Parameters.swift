import Basics
import Kernels

/// One array inside a flat buffer.
package struct Slot: Sendable, Equatable {
  package var spec: ParameterSpec
  package var offset: Int
  package var name: String { spec.name }
  package var shape: [Int] { spec.shape }
  package var count: Int { spec.count }
}

/// The place of each trained array and each running statistic, in the order of the specs.
package struct ParameterLayout: Sendable {
  /// All specs, in the order of files.
  package let specs: [ParameterSpec]
  /// Weights and logit scales.
  package private(set) var trainable: [Slot] = []
  package private(set) var running: [Slot] = []
  package private(set) var trainableCount = 0
  package private(set) var runningCount = 0
  private var places: [String: Slot] = [:]

  package init(_ specs: [ParameterSpec]) {
    self.specs = specs
    for spec in specs {
      switch spec.role {
      case .weight, .logitScale:
        let slot = Slot(spec: spec, offset: trainableCount)
        trainable.append(slot)
        places[spec.name] = slot
        trainableCount += slot.count
      case .statistic:
        let slot = Slot(spec: spec, offset: runningCount)
        running.append(slot)
        places[spec.name] = slot
        runningCount += slot.count
      case .stepCount: break
      }
    }
  }

  /// The slot with that name, which must be in the layout.
  package func slot(_ name: String) -> Slot {
    guard let slot = places[name] else { preconditionFailure("no parameter \(name)") }
    return slot
  }

  package func contains(_ name: String) -> Bool { places[name] != nil }
}

/// A network's weights and running statistics, each in one flat buffer.
package final class Parameters: Sendable {
  package let layout: ParameterLayout
  package let trainable: FloatBuffer
  package let running: FloatBuffer

  package init(_ layout: ParameterLayout) {
    self.layout = layout
    trainable = FloatBuffer(layout.trainableCount)
    running = FloatBuffer(layout.runningCount)
  }

  package convenience init(_ specs: [ParameterSpec]) { self.init(ParameterLayout(specs)) }

  package func weights(_ name: String) -> MutableFloats { trainable.start + layout.slot(name).offset }
  package func statistics(_ name: String) -> MutableFloats { running.start + layout.slot(name).offset }

  /// Sets the initial values of the specs. Each array depends only on its spec and the seed, not on the rest of the
  /// layout.
  package func initialize(seed: UInt64) {
    for (slots, buffer) in [(layout.trainable, trainable), (layout.running, running)] {
      for slot in slots {
        let values = UnsafeMutableBufferPointer(start: buffer.start + slot.offset, count: slot.count)
        Self.fill(values, slot.spec, seed: seed)
      }
    }
  }

  private static func fill(_ values: UnsafeMutableBufferPointer<Float>, _ spec: ParameterSpec, seed: UInt64) {
    var random = SeededRandom(seed: seed, for: spec.name)
    switch spec.initial {
    case .constant(let value):
      values.update(repeating: value)
    case .normal(let mean, let deviation):
      for i in values.indices { values[i] = Float(mean + deviation * random.normal()) }
    case .kaimingNormal(let fanOut):
      let deviation = (2.0 / Double(fanOut)).squareRoot()
      for i in values.indices { values[i] = Float(random.normal() * deviation) }
    case .uniform(let fanIn):
      let bound = 1 / Double(fanIn).squareRoot()
      for i in values.indices { values[i] = Float((2 * random.uniform() - 1) * bound) }
    }
  }
}
