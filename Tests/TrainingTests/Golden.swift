import Audio
import Basics
import Foundation
import Kernels
import Models
import Networks
import Tensors
import TestSupport
import Testing

@testable import Training

/// Values of the public wav2clip 0.1.0 package, read from the shared directory.
enum Golden {
  static let directory = (ProcessInfo.processInfo.environment["PIPELINE_SHARED"] ?? "../shared") + "/golden/wav2clip"
  static let isThere: Bool = {
    let there = Files.exists(directory + "/weights.safetensors")
    if !there {
      print("SKIPPED: golden values are not at \(directory); set PIPELINE_SHARED to the directory that holds them")
    }
    return there
  }()

  static func tensors(_ name: String) throws -> NamedTensors {
    try SafetensorsFile.read(try Files.read("\(directory)/\(name).safetensors"), source: name).tensors
  }

  static let architecture = Architecture.standard
  static let ops = VectorOps()

  static func specs(_ loss: any DistillationLoss.Type) throws -> [ParameterSpec] {
    try architecture.parameters + DistillationObjective(loss.name).parameters(encoder: 512, target: 512)
  }

  /// Parameters that hold the golden initial weights.
  static func parameters(_ loss: any DistillationLoss.Type = CrossProjectionLoss.self) throws -> Parameters {
    let parameters = try Parameters(specs(loss))
    try StateDictionary.load(try tensors("weights"), into: parameters, source: "golden weights")
    return parameters
  }

  /// `[clips, samples]` in −1…1.
  static func waveforms(_ file: String = "batch") throws -> [[Float]] {
    let tensor = try tensors(file).required("waveform_int16")
    let samples = tensor.shape[1]
    return (0..<tensor.shape[0]).map { clip in
      (0..<samples).map { i in
        let at = 2 * (clip * samples + i)
        return Float(Int16(bitPattern: UInt16(tensor.bytes[at]) | UInt16(tensor.bytes[at + 1]) << 8)) / 32768
      }
    }
  }

  static func images(_ file: String = "batch") throws -> FloatBuffer {
    FloatBuffer(try tensors(file).required("image").floats())
  }

  static func spectrograms(_ waveforms: [[Float]], _ scope: NormalizationScope, into buffer: FloatBuffer? = nil)
    -> FloatBuffer
  {
    let samples = waveforms[0].count
    let result = buffer ?? FloatBuffer(waveforms.count * FrontEnd.bins * FrontEnd.frames(samples: samples))
    FrontEnd.compute(
      clips: waveforms.count, samples: samples, scope: scope, ops: ops, threads: threads,
      waveform: { clip, place in place.update(from: waveforms[clip], count: samples) }, into: result)
    return result
  }

  static let threads = WorkerThreads(2)

  /// Embeddings of normalized spectrograms with frozen statistics.
  static func embed(
    _ spectrograms: FloatBuffer, clips: Int, _ parameters: Parameters, project: Bool, on path: GoldenPath
  ) throws -> FloatBuffer {
    let projection = Projection(Projection.audio, inputs: 512, outputs: 512)
    let network = try InferenceNetwork(
      architecture.layers + (project ? projection.layers : []), width: 512, FrozenWeights(parameters),
      backend: path.backend(), threads: threads)
    let size = spectrograms.count / clips
    return try network.run(clips, height: FrontEnd.bins, width: size / FrontEnd.bins) { clip, _, place in
      place.update(from: spectrograms.start + clip * size, count: size)
    }
  }

  /// One training pass over whole batches: loss, embeddings, gradients.
  static func pass(
    _ waveforms: [[Float]], _ images: FloatBuffer, _ parameters: Parameters, microbatch: Int,
    on path: GoldenPath, loss: any DistillationLoss.Type = CrossProjectionLoss.self
  ) throws -> (loss: Double, embeddings: [Float], gradients: FloatBuffer) {
    let gradients = FloatBuffer(parameters.layout.trainableCount)
    let encoder = try Network(
      architecture.layers,
      input: Extent(
        images: waveforms.count, channels: 1, height: FrontEnd.bins,
        width: FrontEnd.frames(samples: waveforms[0].count)),
      microbatch: microbatch, parameters: parameters, gradients: gradients, backend: path.backend(), threads: threads)
    _ = spectrograms(waveforms, .batch, into: encoder.input.values)
    try encoder.forward()
    let embeddings = encoder.output.values.values
    let made = try loss.init(
      LossContext(
        encoder: 512, target: 512, parameters: parameters, gradients: gradients, backend: path.backend(),
        threads: threads))
    let result = try made.evaluate(
      audio: encoder.output.values, target: images, rows: waveforms.count, dropout: nil, gradients: true)
    if let audio = result.audio {
      encoder.output.values.start.update(from: audio.start, count: embeddings.count)
      try encoder.backward()
    }
    return (result.loss, embeddings, gradients)
  }
}

/// One set of kernels, and how far its results may be from the reference.
enum GoldenPath: String, CaseIterable, CustomTestStringConvertible {
  case avx512, avx2, portable, mixed, mixedWinograd

  /// The paths that this CPU supports.
  static let available = allCases.filter { path in
    switch path {
    case .mixed, .mixedWinograd: InstructionSet.hasBFloat16
    default: path.instructionSet <= .best
    }
  }

  private var instructionSet: InstructionSet {
    switch self {
    case .portable: .portable
    case .avx2: .avx2
    default: .avx512
    }
  }

  func backend() throws -> FastBackend {
    let precision: Precision =
      switch self {
      case .mixed: .mixed
      case .mixedWinograd: .mixedWinograd
      default: .float32
      }
    return try FastBackend(instructionSet, precision: precision)
  }

  /// The bound for embeddings, relative to the norm.
  var embedding: Float {
    switch self {
    case .mixed: 1e-2
    case .mixedWinograd: 5e-2
    default: 1e-4
    }
  }

  /// The absolute bounds for losses: with the same weights, after one step, and after up to twenty steps.
  var losses: (same: Float, first: Float, later: Float) {
    switch self {
    case .mixed: (1e-3, 1e-2, 0.1)
    case .mixedWinograd: (3e-3, 3e-2, 0.1)
    default: (1e-5, 1e-3, 0.03)
    }
  }

  /// The bounds for gradients: the largest difference relative to the largest element, and the cosine.
  typealias Bounds = (error: Double, cosine: Double)

  /// The bounds from the last convolution on, and for the layers before it.
  ///
  /// In the layers before, each ReLU input that rounds to the other side of zero changes an element; even single
  /// precision is 2 % off. The lowest cosines measured there are 0.99985 in single precision, 0.971 with bfloat16 in
  /// the layers with stride 2, and 0.772 with bfloat16 everywhere. From the last convolution on they are
  /// 1 − 1e−9, 0.9991 and 0.985.
  var gradients: (last: Bounds, before: Bounds) {
    switch self {
    case .mixed: ((0.4, 0.995), (0.5, 0.94))
    case .mixedWinograd: ((0.8, 0.95), (1.5, 0.65))
    default: ((1e-3, 0.999_999), (4e-2, 0.999_5))
    }
  }

  func accepts(_ found: Agreement, isBefore: Bool) -> Bool {
    let bounds = isBefore ? gradients.before : gradients.last
    return found.holds(error: bounds.error, cosine: bounds.cosine)
  }

  /// The number of training steps to compare; the portable kernels are slow.
  var steps: Int { self == .portable ? 3 : 20 }

  var testDescription: String { rawValue }
}

/// The largest difference, relative to the largest expected element.
func relativeError(_ found: [Float], _ expected: [Float]) -> Float {
  guard found.count == expected.count else { return .infinity }
  let largest = expected.map(abs).max() ?? 0
  return (zip(found, expected).map { abs($0 - $1) }.max() ?? 0) / max(largest, .leastNormalMagnitude)
}

/// The largest distance between rows, relative to the norm of the expected row.
func rowError(_ found: [Float], _ expected: [Float], width: Int) -> Float {
  guard found.count == expected.count, !found.isEmpty else { return .infinity }
  return stride(from: 0, to: found.count, by: width).map { start in
    let rows = start..<start + width
    let distance = rows.reduce(Float(0)) { $0 + (found[$1] - expected[$1]) * (found[$1] - expected[$1]) }
    let norm = rows.reduce(Float(0)) { $0 + expected[$1] * expected[$1] }
    return (distance / norm).squareRoot()
  }.max() ?? .infinity
}
