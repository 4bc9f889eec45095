import Basics
import Kernels
import Networks
import Testing

@testable import Training

@Suite("The encoder in training")
struct EncoderTrainingTests {
  /// Embeddings and gradients of a fixed loss, on ten short spectrograms.
  private func pass(microbatch: Int, backend: any Backend) throws -> (embeddings: [Float], gradients: [Float]) {
    let architecture = Architecture.standard
    let parameters = Parameters(architecture.parameters)
    parameters.initialize(seed: 4)
    let threads = WorkerThreads(2)
    defer { threads.stop() }
    let gradients = FloatBuffer(parameters.layout.trainableCount)
    let encoder = try Network(
      architecture.layers, input: Extent(images: 10, channels: 1, height: 33, width: 46), microbatch: microbatch,
      parameters: parameters, gradients: gradients, backend: backend, threads: threads)
    var random = SeededRandom(seed: 5)
    let (spectrograms, output) = (encoder.input.values, encoder.output.values)
    for i in 0..<spectrograms.count { spectrograms.start[i] = Float(random.normal()) }
    try encoder.forward()
    let embeddings = output.values
    for i in 0..<output.count { output.start[i] = Float(random.normal()) }
    try encoder.backward()
    return (embeddings, gradients.values)
  }

  private func distance(_ a: [Float], _ b: [Float]) -> Float {
    let difference = zip(a, b).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (difference / b.reduce(Float(0)) { $0 + $1 * $1 }).squareRoot()
  }

  @Test("an incomplete last microbatch gives the same, for any microbatch size", arguments: InstructionSet.allCases)
  func ragged(set: InstructionSet) throws {
    guard set <= .best else { return }
    let whole = try pass(microbatch: 10, backend: FastBackend())
    for microbatch in [8, 3] {
      let cut = try pass(microbatch: microbatch, backend: FastBackend(set))
      #expect(distance(cut.embeddings, whole.embeddings) < 1e-4)
      // Rounding moves values near a ReLU's threshold to either side.
      #expect(distance(cut.gradients, whole.gradients) < 2e-2, "microbatch \(microbatch), \(set)")
    }
  }
}
