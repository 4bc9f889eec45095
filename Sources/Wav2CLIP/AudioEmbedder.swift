// The library's only class: computes embeddings of audio.

import Audio
import Basics
import Foundation
import Kernels
import Models
import Tensors

/// Computes Wav2CLIP embeddings of audio with the weights of a file.
///
/// ```swift
/// import Wav2CLIP
///
/// let embedder = try AudioEmbedder(weights: "weights.bin")
/// let embedding = try embedder.embed(samples, sampleRate: 44_100)        // 512 numbers for the whole audio
/// let seconds = try embedder.embedWindows(samples, sampleRate: 44_100)  // 512 numbers for each second
/// ```
///
/// An embedding is in the space of CLIP's image and text embeddings, so that its cosines with these are meaningful. It
/// has length one only if ``init(weights:projection:normalize:threads:)`` gets `normalize: true`.
///
/// Every bit of an embedding depends only on its own audio: not on what else is embedded, nor on the number of threads.
/// An embedder may be shared between threads; calls wait for each other.
public final class AudioEmbedder: @unchecked Sendable {
  /// The encoder's sample rate; audio with another rate is resampled.
  public static let sampleRate = Double(FrontEnd.sampleRate)
  /// The length of a window of ``embedWindows(_:sampleRate:hop:)``, in seconds.
  public static let windowSeconds = 1.0
  /// The longest audio that can get one embedding: for longer audio, one embedding says little, and memory grows with
  /// the length.
  public static let longestClipSeconds = Double(FrontEnd.mostSeconds)
  /// The fewest samples of an audio clip at 16 kHz: one more than half a Fourier transform.
  public static let fewestSamples = FrontEnd.fewestSamples

  /// The number of values in an embedding: the teacher's width, 512 for CLIP ViT-B/32; without a projection, the
  /// encoder's width.
  public let width: Int
  /// Whether embeddings are in the teacher's space: false for `projection: false`, and for weights without a
  /// projection.
  public let isProjected: Bool
  /// The file's metadata: the front end's parameters, and the origin of the weights.
  public let metadata: [String: String]

  /// Guards `embedder`.
  private let lock = NSLock()
  private let embedder: Embedder
  private let threads: WorkerThreads
  private let normalizes: Bool

  /// Reads the weights of a `.bin`, `.pt`, `.safetensors` or `.onnx` file: this project's, or the public `Wav2CLIP.pt`.
  /// - Parameters:
  ///   - path: the file.
  ///   - projection: whether to project the encoder's output into CLIP's space.
  ///   - normalize: whether embeddings are scaled to length one.
  ///   - threads: the number of threads; nil: one per core.
  /// - Throws: ``EmbeddingError`` for a file that cannot be read or contains no model.
  public convenience init(
    weights path: String, projection: Bool = true, normalize: Bool = false, threads: Int? = nil
  ) throws {
    let model = try EmbeddingError.translated { try Model(file: path) }
    try self.init(
      model, options: Options(projection: projection, normalize: normalize, threads: threads))
  }

  /// Options of an embedder.
  package struct Options: Sendable {
    package var projection = true
    package var normalize = false
    package var threads: Int?
    package var precision = Precision.float32

    package init(
      projection: Bool = true, normalize: Bool = false, threads: Int? = nil, precision: Precision = .float32
    ) {
      (self.projection, self.normalize, self.threads) = (projection, normalize, threads)
      self.precision = precision
    }
  }

  /// Uses a model that is already in memory.
  package init(_ model: Model, options: Options) throws {
    let count = options.threads ?? Machine.processors
    threads = WorkerThreads(count)
    let backend = try FastBackend(precision: options.precision)
    embedder = Embedder(model, project: options.projection, backend: backend, threads: threads)
    width = embedder.width
    isProjected = embedder.projects
    normalizes = options.normalize
    metadata = model.metadata
  }

  deinit { threads.stop() }

  // MARK: Clips

  /// One embedding for a whole audio clip.
  /// - Parameters:
  ///   - samples: one channel, full scale −1…1.
  ///   - sampleRate: samples per second: a whole number up to 768,000.
  /// - Returns: ``width`` numbers.
  /// - Throws: ``EmbeddingError`` for an audio clip that is too short or too long, or has samples that are not numbers.
  public func embed(_ samples: [Float], sampleRate: Double) throws -> [Float] {
    try embed([samples], sampleRate: sampleRate)[0]
  }

  /// One embedding for each of several audio clips, which may differ in length. Faster than one call per clip, with the
  /// same bits.
  public func embed(_ audioClips: [[Float]], sampleRate: Double) throws -> [[Float]] {
    try EmbeddingError.translated {
      try embedClips(try audioClips.map { try Resampler.toEncoderRate($0, from: sampleRate) })
    }
  }

  /// The same for audio clips at 16 kHz.
  package func embedClips(_ audioClips: [[Float]]) throws -> [[Float]] {
    for audio in audioClips { try Self.check(audio.count) }
    var result = [[Float]](repeating: [], count: audioClips.count)
    // Audio clips of equal length go through the encoder together.
    for places in Dictionary(grouping: audioClips.indices, by: { audioClips[$0].count }).values {
      let count = audioClips[places[0]].count
      let rows = try lock.withLock {
        try embedder.embed(places.count, samples: count) { clip, place in
          place.update(from: audioClips[places[clip]], count: count)
        }
      }
      for (row, place) in places.enumerated() { result[place] = finished(rows, row) }
    }
    return result
  }

  private static func check(_ samples: Int) throws {
    guard samples >= fewestSamples else { throw Failure.audioShort(samples, expected: fewestSamples) }
    guard samples <= Int(longestClipSeconds * sampleRate) else {
      throw Failure.audioLong(Double(samples) / sampleRate, most: longestClipSeconds)
    }
  }

  // MARK: Windows

  /// One embedding for each second of an audio clip, with the windows normalized together, as in the public `wav2clip`
  /// package.
  ///
  /// Window k is the second that begins at k · hop. Samples after the last complete window are dropped; an audio clip
  /// shorter than one window gives no embeddings.
  /// - Parameter hop: seconds from one window to the next.
  /// - Returns: 1 + ⌊(seconds − 1) / hop⌋ embeddings.
  public func embedWindows(_ samples: [Float], sampleRate: Double, hop: Double = 1) throws -> [[Float]] {
    try EmbeddingError.translated {
      let cut = try WindowCut(hopSeconds: hop)
      let audio = try Resampler.toEncoderRate(samples, from: sampleRate)
      return try embedWindows([audio], cut)[0]
    }
  }

  /// Embeds the windows of several audio clips at 16 kHz, each clip normalized over its own windows.
  ///
  /// - Parameter shortAsWhole: whether audio shorter than one window gets one embedding of the whole, as from
  ///   `embedClips`. Audio that is too short even for that gets none.
  /// - Returns: for each clip, its windows' embeddings.
  package func embedWindows(
    _ audioClips: [[Float]], _ cut: WindowCut, shortAsWhole: Bool = false
  ) throws -> [[[Float]]] {
    var windows: [(audio: Int, start: Int)] = []
    var norms: [SpectrogramNorm] = []
    for (index, audio) in audioClips.enumerated() {
      var moments = SpectrogramMoments()
      try addWindows(of: audio, cut, to: &moments)
      norms.append(moments.norm)
      windows += (0..<cut.count(samples: audio.count)).map { (index, $0 * cut.hop) }
    }
    let (places, chosen) = (windows, norms)
    let rows = try lock.withLock {
      try embedder.embed(
        places.count, samples: WindowCut.length, norm: { chosen[places[$0].audio] }
      ) { window, place in
        audioClips[places[window].audio].withUnsafeBufferPointer { samples in
          if let start = samples.baseAddress {
            place.update(from: start + places[window].start, count: WindowCut.length)
          }
        }
      }
    }
    var result = [[[Float]]](repeating: [], count: audioClips.count)
    for (row, place) in places.enumerated() { result[place.audio].append(finished(rows, row)) }
    if shortAsWhole {
      let short = result.indices.filter { result[$0].isEmpty && audioClips[$0].count >= Self.fewestSamples }
      for (clip, whole) in zip(short, try embedClips(short.map { audioClips[$0] })) { result[clip] = [whole] }
    }
    return result
  }

  /// Adds the windows of a piece of audio at 16 kHz to `moments`, for normalization together.
  package func addWindows(of piece: [Float], _ cut: WindowCut, to moments: inout SpectrogramMoments) throws {
    let (hop, count) = (cut.hop, cut.count(samples: piece.count))
    try lock.withLock {
      try embedder.add(count, samples: WindowCut.length, to: &moments) { window, place in
        piece.withUnsafeBufferPointer { samples in
          if let start = samples.baseAddress { place.update(from: start + window * hop, count: WindowCut.length) }
        }
      }
    }
  }

  /// Embeds the windows of a piece of audio with a known normalization.
  package func embedWindows(of piece: [Float], _ cut: WindowCut, norm: SpectrogramNorm) throws -> [[Float]] {
    let (hop, count) = (cut.hop, cut.count(samples: piece.count))
    let rows = try lock.withLock {
      try embedder.embed(count, samples: WindowCut.length, norm: { _ in norm }) { window, place in
        piece.withUnsafeBufferPointer { samples in
          if let start = samples.baseAddress { place.update(from: start + window * hop, count: WindowCut.length) }
        }
      }
    }
    return (0..<count).map { finished(rows, $0) }
  }

  private func finished(_ rows: FloatBuffer, _ row: Int) -> [Float] {
    let embedding = rows[row * width..<(row + 1) * width]
    guard normalizes else { return embedding }
    let length = embedding.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
    return length > 0 ? embedding.map { Float(Double($0) / length) } : embedding
  }
}
