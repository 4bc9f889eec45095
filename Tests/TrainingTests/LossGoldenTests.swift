import Basics
import Kernels
import Networks
import TestSupport
import Testing

@testable import Training

/// Compares losses with values in the repository that a script computed in numpy from written-out definitions.
@Suite("Numpy agrees with every loss")
struct LossGoldenTests {
  /// The sizes in `Scripts/reference/make-layer-goldens`.
  private static let (rows, encoder) = (5, 6)

  static let cases = builtInLosses.flatMap { loss in
    [6, 9].filter { (try? loss.projections(encoder: encoder, teacher: $0)) != nil }.map { (loss.name, $0) }
  }

  @Test("value, and gradients of audio, projections and logit scales", arguments: cases)
  func agrees(name: String, teacher: Int) throws {
    let goldens = try LayerGoldens()
    let golden = "\(name) \(Self.encoder) \(teacher)"
    try #require(goldens.cases.contains(golden), "Scripts/reference/make-layer-goldens lacks \(golden)")
    let parameters = Parameters(try DistillationObjective(name).parameters(encoder: Self.encoder, target: teacher))
    for slot in parameters.layout.trainable {
      let values = goldens.parameter(golden, slot.name, shape: slot.shape)
      (parameters.trainable.start + slot.offset).update(from: values, count: slot.count)
    }
    let threads = WorkerThreads(1)
    defer { threads.stop() }
    let context = LossContext(
      encoder: Self.encoder, target: teacher, parameters: parameters, backend: FastBackend(), threads: threads)
    let found = try Training.loss(named: name).init(context).evaluate(
      audio: FloatBuffer(goldens.numbers(golden, "audio", count: Self.rows * Self.encoder)),
      target: FloatBuffer(goldens.numbers(golden, "target", count: Self.rows * teacher)), rows: Self.rows,
      dropout: { name, width in
        goldens.numbers(golden, "factors/\(name)", count: Self.rows * width).map { $0 < -0.6 ? 0 : 1.25 }
      }, gradients: true)
    var arrays = ["value": [Float(found.loss)], "audio gradient": found.audio?.values ?? []]
    for slot in parameters.layout.trainable {
      arrays["\(slot.name) gradient"] = context.gradients[slot.offset..<slot.offset + slot.count]
    }
    #expect(Set(goldens.names(of: golden)) == Set(arrays.keys))
    for (name, values) in arrays {
      let agreement = try goldens.agreement(values, golden, name)
      #expect(agreement.holds(error: 1e-4, cosine: 0.999_999), "\(name): \(agreement)")
    }
  }
}
