import Basics
import Kernels
import Tensors
import Testing

@testable import Distillation

@Suite("The public wav2clip package agrees", .serialized, .enabled(if: Golden.isThere, "golden values are not at hand"))
struct GoldenTests {
  @Test("front end, normalised over the batch and over the clip")
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

  @Test("embeddings in evaluation, single and in a batch")
  func evaluation() throws {
    let expected = try Golden.tensors("expected")
    let waveforms = try Golden.waveforms()
    let parameters = try Golden.parameters()
    let encoder = EncoderInference(
      Golden.architecture, FrozenStudent(parameters), kernels: Golden.kernels, threads: Golden.threads)
    let projection = ProjectionMLP("audio_transform", width: 512)
    for (scope, name) in [(NormalizationScope.clip, "single"), (.batch, "batch")] {
      let encoded = try encoder.embed(Golden.spectrograms(waveforms, scope), clips: 8)
      let embedded = projection.forward(encoded, rows: 8, keep: nil, parameters)
      for (found, part) in [(encoded, "encoder"), (embedded, "embedding")] {
        let error = rowError(found.values, try expected.required("eval.\(name).\(part)").floats(), width: 512)
        print("golden eval.\(name).\(part): \(error) of the norm")
        #expect(error <= 1e-4)
      }
    }
  }

  @Test("one-second windows normalised together")
  func frames() throws {
    let wave = try Golden.waveforms()[0]
    let windows = (0..<10).map { Array(wave[$0 * 16000..<($0 + 1) * 16000]) }
    let parameters = try Golden.parameters()
    let encoder = EncoderInference(
      Golden.architecture, FrozenStudent(parameters), kernels: Golden.kernels, threads: Golden.threads)
    let encoded = try encoder.embed(Golden.spectrograms(windows, .batch), clips: 10)
    let embedded = ProjectionMLP("audio_transform", width: 512).forward(encoded, rows: 10, keep: nil, parameters).values
    let expected = try Golden.tensors("expected").required("eval.frames.clip0").floats()
    let transposed = (0..<5120).map { expected[($0 % 512) * 10 + $0 / 512] }
    let error = rowError(embedded, transposed, width: 512)
    print("golden eval.frames.clip0: \(error) of the norm")
    #expect(error <= 1e-4)
  }

  @Test("losses and the training encoder's output")
  func losses() throws {
    let expected = try Golden.tensors("expected")
    let (waveforms, images) = (try Golden.waveforms(), try Golden.images())
    // The golden single-temperature losses were taken with one of the crossed loss's two temperatures each.
    for (loss, name, temperature) in [
      (CrossProjectionLoss.self as any DistillationLoss.Type, "clip_loss_x", "loss_fn_a"),
      (ImageProjectionLoss.self, "clip_loss_i", "loss_fn_a"), (PlainLoss.self, "clip_loss", "loss_fn_i"),
    ] {
      let parameters = Parameters(loss.layout(Golden.architecture))
      var weights = try Golden.tensors("weights")
      weights.set("loss_fn.logit_scale", try weights.required("\(temperature).logit_scale"))
      try StudentWeights.load(weights, into: parameters, source: "golden weights")
      let found = try Golden.pass(waveforms, images, parameters, microbatch: 8, loss: loss)
      let wanted = try expected.required("train.\(name)").floats()[0]
      print("golden train.\(name): \(abs(Float(found.loss) - wanted))")
      #expect(abs(Float(found.loss) - wanted) <= 1e-5)
      let error = rowError(found.embeddings, try expected.required("train.encoder").floats(), width: 512)
      #expect(error <= 1e-4)
    }
  }

  @Test("gradients of the crossed loss")
  func gradients() throws {
    let expected = try Golden.tensors("expected")
    let parameters = try Golden.parameters()
    let found = try Golden.pass(try Golden.waveforms(), try Golden.images(), parameters, microbatch: 8)
    try compareGradients(found.gradients, parameters.layout, expected, prefix: "grad.")
  }

  private func compareGradients(
    _ gradients: FloatBuffer, _ layout: ParameterLayout, _ expected: NamedTensors, prefix: String
  ) throws {
    for (name, tensor) in expected.pairs where name.hasPrefix(prefix) {
      let parameter = String(name.dropFirst(prefix.count).prefix { $0 != "[" })
      let slot = layout.slot(parameter)
      let error = relativeError(gradients[slot.offset..<slot.offset + tensor.elementCount], try tensor.floats())
      let limit: Float = parameter.hasPrefix("audio_encoder.") && !parameter.contains("layer4.1.conv2") ? 4e-2 : 1e-3
      print("golden \(name): \(error) of the largest element")
      #expect(error <= limit, "\(name)")
    }
  }

  @Test("a batch of 32 cut into microbatches of 8 and of 2", arguments: [8, 2])
  func microbatches(size: Int) throws {
    let expected = try Golden.tensors("steps")
    let parameters = try Golden.parameters()
    let found = try Golden.pass(
      try Golden.waveforms("batch32"), try Golden.images("batch32"), parameters, microbatch: size)
    #expect(abs(Float(found.loss) - (try expected.required("batch32.clip_loss_x").floats()[0])) <= 1e-5)
    #expect(rowError(found.embeddings, try expected.required("batch32.encoder").floats(), width: 512) <= 1e-4)
    try compareGradients(found.gradients, parameters.layout, expected, prefix: "batch32.grad.")
    for (name, tensor) in expected.pairs where name.hasPrefix("batch32.after.") {
      let slot = parameters.layout.slot(String(name.dropFirst("batch32.after.".count)))
      let error = relativeError(parameters.running[slot.offset..<slot.offset + slot.count], try tensor.floats())
      print("golden microbatch \(size) \(name): \(error)")
      #expect(error <= 1e-4)
    }
  }

  @Test("twenty steps on changing batches")
  func steps() throws {
    let expected = try Golden.tensors("steps").required("losses.threads1").floats()
    let (waveforms, images) = (try Golden.waveforms("batch32"), try Golden.images("batch32"))
    let parameters = try Golden.parameters()
    let count = parameters.layout.trainableCount
    let (first, second) = (FloatBuffer(count), FloatBuffer(count))
    var errors: [Float] = []
    for step in 0..<20 {
      let rows = 8 * (step % 4)..<8 * (step % 4) + 8
      let batch = FloatBuffer(images[rows.lowerBound * 512..<rows.upperBound * 512])
      let found = try Golden.pass(Array(waveforms[rows]), batch, parameters, microbatch: 8)
      Golden.kernels.layers.adam(
        count, parameter: parameters.trainable.start, gradient: found.gradients.start, first: first.start,
        second: second.start, step: AdamStep(rate: 1e-4, number: step + 1))
      errors.append(abs(Float(found.loss) - expected[step]))
    }
    print("golden twenty steps: \(errors)")
    #expect(errors[0] <= 1e-5)
    #expect(errors[1] <= 1e-3)
    #expect((errors.max() ?? 1) <= 0.03)
  }
}
