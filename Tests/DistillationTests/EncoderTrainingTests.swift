import Basics
import Kernels
import Testing

@testable import Distillation

@Suite("The encoder in training")
struct EncoderTrainingTests {
  /// Embeddings and the gradient of a fixed loss, on ten short spectrograms.
  private func pass(microbatch: Int, kernels: any KernelSource) throws -> (embeddings: [Float], gradients: [Float]) {
    let architecture = EncoderArchitecture()
    let parameters = Parameters(ParameterLayout(architecture: architecture, projections: [], temperatures: []))
    parameters.initialise(seed: 4)
    let threads = WorkerThreads(2)
    defer { threads.stop() }
    let encoder = try EncoderTraining(
      architecture, batch: 10, microbatch: microbatch, height: 33, width: 46, kernels: kernels, threads: threads)
    var random = SeededRandom(seed: 5)
    for i in 0..<encoder.spectrograms.count { encoder.spectrograms.start[i] = Float(random.normal()) }
    try encoder.forward(parameters)
    let embeddings = encoder.embeddings.values
    let slope = FloatBuffer((0..<embeddings.count).map { _ in Float(random.normal()) })
    let gradients = FloatBuffer(parameters.layout.trainableCount)
    try encoder.backward(slope, parameters, into: gradients)
    return (embeddings, gradients.values)
  }

  private func distance(_ a: [Float], _ b: [Float]) -> Float {
    let difference = zip(a, b).reduce(Float(0)) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
    return (difference / b.reduce(Float(0)) { $0 + $1 * $1 }).squareRoot()
  }

  @Test("a batch that microbatches do not divide gives the same, whatever the cut", arguments: InstructionSet.allCases)
  func ragged(set: InstructionSet) throws {
    guard set <= .best else { return }
    let whole = try pass(microbatch: 10, kernels: FastKernels())
    for microbatch in [8, 3] {
      let cut = try pass(microbatch: microbatch, kernels: FastKernels(set))
      #expect(distance(cut.embeddings, whole.embeddings) < 1e-4)
      // Values near a ReLU's edge fall to either side with rounding.
      #expect(distance(cut.gradients, whole.gradients) < 2e-2, "microbatch \(microbatch), \(set)")
    }
  }
}
