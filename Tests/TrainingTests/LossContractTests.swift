import Basics
import Kernels
import Networks
import TestSupport
import Testing

@testable import Training

/// The contract of every loss in `builtInLosses`.
@Suite("Every loss")
struct LossContractTests {
  /// A loss for an encoder and a teacher of given widths.
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var encoder: Int
    var teacher: Int
    var hasDropout = false
    var testDescription: String {
      "\(name), \(encoder) against \(teacher)\(hasDropout ? ", with dropout" : "")"
    }
  }

  /// Each loss with equal widths, and with two widths if the loss supports them.
  static let cases = builtInLosses.flatMap { loss -> [Case] in
    let same = [Case(name: loss.name, encoder: 6, teacher: 6)]
    guard (try? loss.projections(encoder: 6, teacher: 9)) != nil else { return same }
    return same + [
      Case(name: loss.name, encoder: 6, teacher: 9), Case(name: loss.name, encoder: 6, teacher: 9, hasDropout: true),
    ]
  }

  private static let rows = 5
  private static let factors: @Sendable (String, Int) -> [Float] = { name, width in
    Dropout.factors(seed: 3, purpose: name, epoch: 1, clips: (0..<Self.rows).map { "clip \($0)" }, width: width)
  }

  /// A loss with random weights and a random batch.
  private struct Setting {
    let loss: any DistillationLoss.Type
    let layer: Case
    let parameters: Parameters
    let audio: [Float]
    let teacher: [Float]

    init(_ layer: Case) throws {
      self.layer = layer
      loss = try Training.loss(named: layer.name)
      parameters = Parameters(
        try DistillationObjective(layer.name).parameters(encoder: layer.encoder, target: layer.teacher))
      parameters.initialize(seed: 2)
      // The scales differ, so that the test notices if they are swapped.
      for (k, name) in loss.logitScales.enumerated() { parameters.weights(name)[0] = 1.3 - 0.6 * Float(k) }
      var random = SeededRandom(seed: 8, for: layer.testDescription)
      audio = (0..<LossContractTests.rows * layer.encoder).map { _ in Float(random.normal()) }
      teacher = (0..<LossContractTests.rows * layer.teacher).map { _ in Float(random.normal()) }
    }

    var values: PlainValues {
      var values = PlainValues(parameters)
      if layer.hasDropout { values.dropout = LossContractTests.factors }
      return values
    }

    struct Result: Equatable {
      var loss: Double
      var audio: [Float]
      var gradients: [Float]
    }

    func evaluate(threads count: Int = 1, gradients wanted: Bool = true) throws -> Result {
      let threads = WorkerThreads(count)
      defer { threads.stop() }
      let context = LossContext(
        encoder: layer.encoder, target: layer.teacher, parameters: parameters, backend: FastBackend(), threads: threads)
      var dropout: DropoutFactors?
      if layer.hasDropout { dropout = LossContractTests.factors }
      let made: any TrainingLoss = loss.init(context)
      let found = try made.evaluate(
        audio: FloatBuffer(audio), target: FloatBuffer(teacher), rows: LossContractTests.rows, dropout: dropout,
        gradients: wanted)
      return Result(loss: found.loss, audio: found.audio?.values ?? [], gradients: context.gradients.values)
    }

    /// The loss as defined.
    func defined(audio: [Double]? = nil, _ values: PlainValues? = nil) throws -> Double {
      func rows(_ flat: [Double], _ width: Int) -> [[Double]] {
        stride(from: 0, to: flat.count, by: width).map { Array(flat[$0..<$0 + width]) }
      }
      let definition = try #require(LossDefinitions.definitions[layer.name], "no definition of \(layer.name)")
      return definition(
        rows(audio ?? self.audio.map(Double.init), layer.encoder), rows(teacher.map(Double.init), layer.teacher),
        values ?? self.values)
    }
  }

  @Test("has a definition and a unique name")
  func definitions() {
    #expect(Set(builtInLosses.map { $0.name }) == Set(LossDefinitions.definitions.keys))
    #expect(Set(builtInLosses.map { $0.name }).count == builtInLosses.count)
    #expect(builtInLosses.allSatisfy { !$0.purpose.isEmpty && !$0.logitScales.isEmpty })
    #expect(throws: Failure.self) { try Training.loss(named: "cxx") }
  }

  @Test("equals its definition, with and without gradients", arguments: cases)
  func value(layer: Case) throws {
    let setting = try Setting(layer)
    let expected = try setting.defined()
    let found = try setting.evaluate()
    #expect(abs(found.loss - expected) < 1e-5 * max(1, expected), "\(found.loss), not \(expected)")
    let quiet = try setting.evaluate(gradients: false)
    #expect(quiet.loss == found.loss && quiet.audio.isEmpty && quiet.gradients.allSatisfy { $0 == 0 })
  }

  @Test("its gradients equal central differences of its definition: audio, projections, logit scales", arguments: cases)
  func gradients(layer: Case) throws {
    let setting = try Setting(layer)
    let found = try setting.evaluate()
    let step = 1e-5
    func slope(_ change: (Double) throws -> Double) rethrows -> Double {
      try (change(step) - change(-step)) / (2 * step)
    }
    let audio = setting.audio.map(Double.init)
    let expected = try audio.indices.map { place in
      try slope { change in
        var moved = audio
        moved[place] += change
        return try setting.defined(audio: moved)
      }
    }
    let own = Agreement(found.audio, expected)
    #expect(own.holds(error: 1e-4, cosine: 0.999_999), "audio: \(own)")
    let values = setting.values
    for slot in setting.parameters.layout.trainable {
      let expected = try (0..<slot.count).map { place in
        try slope { change in
          var moved = values
          moved.values[slot.name]?[place] += change
          return try setting.defined(moved)
        }
      }
      let own = Agreement(Array(found.gradients[slot.offset..<slot.offset + slot.count]), expected)
      #expect(own.holds(error: 1e-4, cosine: 0.999_999), "\(slot.name): \(own)")
    }
  }

  @Test("gives the same bits on one to three threads and when repeated", arguments: cases)
  func sameBits(layer: Case) throws {
    let setting = try Setting(layer)
    let one = try setting.evaluate()
    for threads in 1...3 { #expect(try setting.evaluate(threads: threads) == one, "\(threads) threads") }
  }

  @Test(
    "sees whole batches: its bits do not depend on the microbatches that the rows come from", arguments: cases)
  func microbatches(layer: Case) throws {
    let setting = try Setting(layer)
    let threads = WorkerThreads(2)
    defer { threads.stop() }
    let results = try [Self.rows, 2, 1].map { size in
      let network = try Network(
        [ReLU()], input: .row(images: Self.rows, width: layer.encoder), microbatch: size,
        parameters: setting.parameters, gradients: FloatBuffer(setting.parameters.layout.trainableCount),
        backend: FastBackend(), threads: threads)
      network.input.values.start.update(from: setting.audio, count: setting.audio.count)
      try network.forward()
      let context = LossContext(
        encoder: layer.encoder, target: layer.teacher, parameters: setting.parameters, backend: FastBackend(),
        threads: threads)
      let found = try setting.loss.init(context).evaluate(
        audio: network.output.values, target: FloatBuffer(setting.teacher), rows: Self.rows, dropout: nil,
        gradients: true)
      return Setting.Result(loss: found.loss, audio: found.audio?.values ?? [], gradients: context.gradients.values)
    }
    #expect(results.allSatisfy { $0 == results[0] })
  }
}
