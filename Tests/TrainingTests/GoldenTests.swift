import Audio
import Basics
import Kernels
import Models
import Networks
import Tensors
import TestSupport
import Testing

@testable import Training

@Suite("The public wav2clip package agrees", .serialized, .enabled(if: Golden.isThere, "golden values are not at hand"))
struct GoldenTests {
  @Test("front end, normalized over the batch and over the clip")
  func frontEnd() throws {
    let expected = try Golden.tensors("expected")
    let waveforms = try Golden.waveforms()
    for (scope, name) in [(NormalizationScope.batch, "batch_normalised"), (.clip, "clip_normalised")] {
      let found = Golden.spectrograms(waveforms, scope)[0..<FrontEnd.bins * 454]
      let wanted = try expected.required("frontend.\(name).clip0").floats()
      let error = zip(found, wanted).map { abs($0 - $1) }.max() ?? .infinity
      print("golden front end \(name): \(error) absolute")
      #expect(error <= 1e-3)
    }
  }

  @Test("embeddings in evaluation mode, single and in a batch", arguments: GoldenPath.available)
  func evaluation(path: GoldenPath) throws {
    let expected = try Golden.tensors("expected")
    let waveforms = try Golden.waveforms()
    let parameters = try Golden.parameters()
    for (scope, name) in [(NormalizationScope.clip, "single"), (.batch, "batch")] {
      let spectrograms = Golden.spectrograms(waveforms, scope)
      let encoded = try Golden.embed(spectrograms, clips: 8, parameters, project: false, on: path)
      let embedded = try Golden.embed(spectrograms, clips: 8, parameters, project: true, on: path)
      for (found, part) in [(encoded, "encoder"), (embedded, "embedding")] {
        let error = rowError(found.values, try expected.required("eval.\(name).\(part)").floats(), width: 512)
        print("golden \(path) eval.\(name).\(part): \(error) of the norm")
        #expect(error <= path.embedding)
      }
    }
  }

  @Test("one-second windows normalized together", arguments: GoldenPath.available)
  func frames(path: GoldenPath) throws {
    let wave = try Golden.waveforms()[0]
    let windows = (0..<10).map { Array(wave[$0 * 16000..<($0 + 1) * 16000]) }
    let parameters = try Golden.parameters()
    let spectrograms = Golden.spectrograms(windows, .batch)
    let embedded = try Golden.embed(spectrograms, clips: 10, parameters, project: true, on: path).values
    let expected = try Golden.tensors("expected").required("eval.frames.clip0").floats()
    let transposed = (0..<5120).map { expected[($0 % 512) * 10 + $0 / 512] }
    let error = rowError(embedded, transposed, width: 512)
    print("golden \(path) eval.frames.clip0: \(error) of the norm")
    #expect(error <= path.embedding)
  }

  @Test("losses and the training encoder's output", arguments: GoldenPath.available)
  func losses(path: GoldenPath) throws {
    let expected = try Golden.tensors("expected")
    let (waveforms, images) = (try Golden.waveforms(), try Golden.images())
    // Each golden single-temperature loss was computed with one of the two temperatures of the crossed loss.
    for (loss, name, temperature) in [
      (CrossProjectionLoss.self as any DistillationLoss.Type, "clip_loss_x", "loss_fn_a"),
      (ImageProjectionLoss.self, "clip_loss_i", "loss_fn_a"), (PlainLoss.self, "clip_loss", "loss_fn_i"),
    ] {
      let parameters = try Parameters(Golden.specs(loss))
      var weights = try Golden.tensors("weights")
      weights.set("loss_fn.logit_scale", try weights.required("\(temperature).logit_scale"))
      try StateDictionary.load(weights, into: parameters, source: "golden weights")
      let found = try Golden.pass(waveforms, images, parameters, microbatch: 8, on: path, loss: loss)
      let wanted = try expected.required("train.\(name)").floats()[0]
      let error = rowError(found.embeddings, try expected.required("train.encoder").floats(), width: 512)
      print("golden \(path) train.\(name): \(abs(Float(found.loss) - wanted)), encoder \(error) of the norm")
      #expect(abs(Float(found.loss) - wanted) <= path.losses.same)
      #expect(error <= path.embedding)
    }
  }

  @Test("gradients of the crossed loss", arguments: GoldenPath.available)
  func gradients(path: GoldenPath) throws {
    let expected = try Golden.tensors("expected")
    let parameters = try Golden.parameters()
    let found = try Golden.pass(try Golden.waveforms(), try Golden.images(), parameters, microbatch: 8, on: path)
    try compareGradients(found.gradients, parameters.layout, expected, prefix: "grad.", path)
  }

  private func compareGradients(
    _ gradients: FloatBuffer, _ layout: ParameterLayout, _ expected: NamedTensors, prefix: String,
    _ path: GoldenPath
  ) throws {
    for (name, tensor) in expected.pairs where name.hasPrefix(prefix) {
      let parameter = String(name.dropFirst(prefix.count).prefix { $0 != "[" })
      let slot = layout.slot(parameter)
      let found = Agreement(gradients[slot.offset..<slot.offset + tensor.elementCount], try tensor.floats())
      let isBefore = parameter.hasPrefix("audio_encoder.") && !parameter.contains("layer4.1.conv2")
      print("golden \(path) \(name): \(found)")
      #expect(path.accepts(found, isBefore: isBefore), "\(name)")
    }
  }

  @Test("a batch of 32 split into microbatches of 8 and of 2", arguments: [8, 2])
  func microbatches(size: Int) throws {
    let path = try #require(GoldenPath.available.first)
    let expected = try Golden.tensors("steps")
    let parameters = try Golden.parameters()
    let found = try Golden.pass(
      try Golden.waveforms("batch32"), try Golden.images("batch32"), parameters, microbatch: size, on: path)
    #expect(abs(Float(found.loss) - (try expected.required("batch32.clip_loss_x").floats()[0])) <= 1e-5)
    #expect(rowError(found.embeddings, try expected.required("batch32.encoder").floats(), width: 512) <= 1e-4)
    try compareGradients(found.gradients, parameters.layout, expected, prefix: "batch32.grad.", path)
    for (name, tensor) in expected.pairs where name.hasPrefix("batch32.after.") {
      let slot = parameters.layout.slot(String(name.dropFirst("batch32.after.".count)))
      let error = relativeError(parameters.running[slot.offset..<slot.offset + slot.count], try tensor.floats())
      print("golden microbatch \(size) \(name): \(error)")
      #expect(error <= 1e-4)
    }
  }

  @Test("twenty steps on changing batches", arguments: GoldenPath.available)
  func steps(path: GoldenPath) throws {
    let expected = try Golden.tensors("steps").required("losses.threads1").floats()
    let (waveforms, images) = (try Golden.waveforms("batch32"), try Golden.images("batch32"))
    let parameters = try Golden.parameters()
    let count = parameters.layout.trainableCount
    let first = FloatBuffer(count)
    let second = FloatBuffer(count)
    defer { withExtendedLifetime((first, second)) {} }
    var errors: [Float] = []
    for step in 0..<path.steps {
      let rows = 8 * (step % 4)..<8 * (step % 4) + 8
      let batch = FloatBuffer(images[rows.lowerBound * 512..<rows.upperBound * 512])
      let found = try Golden.pass(Array(waveforms[rows]), batch, parameters, microbatch: 8, on: path)
      Golden.ops.adam(
        count, parameter: parameters.trainable.start, gradient: found.gradients.start, m: first.start, v: second.start,
        step: AdamStep(rate: 1e-4, number: step + 1))
      errors.append(abs(Float(found.loss) - expected[step]))
    }
    print("golden \(path) steps: \(errors)")
    #expect(errors[0] <= path.losses.same)
    #expect(errors[1] <= path.losses.first)
    #expect((errors.max() ?? 1) <= path.losses.later)
  }
}
