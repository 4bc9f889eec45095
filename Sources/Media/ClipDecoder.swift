import Audio
import Basics
import CFFmpeg
import Corpus
import Synchronization

/// Answers one request in this process. Called in workers: if a decoder crashes, the calling process ends.
package enum ClipDecoder {
  // libav's choice of vector code is one setting for the whole process, so clips are decoded one at a time.
  private static let turn = Mutex(())

  /// Decodes a request. The same file and request give the same bytes on every CPU.
  /// - Throws: `Failure` only for errors not caused by the clip (libsndfile cannot write FLAC).
  /// - Parameters:
  ///   - input: the opened file of the request; nil: it is opened here.
  ///   - selects: for tests: false also decodes packets that no requested frame depends on; the bytes are the same.
  package static func decode(
    _ request: DecodeRequest, _ input: MediaInput? = nil, selects: Bool = true
  ) throws -> DecodeOutcome {
    try turn.withLock { _ in
      media_log_begin()
      media_use_cpu_flags(request.forcedCPUFlags ?? -1)
      defer { media_use_cpu_flags(-1) }
      // If a shortcut fails, the clip is decoded again without it.
      var (seeks, selects) = (true, selects)
      while true {
        do {
          return try answer(request, input, seeks: seeks, selects: selects)
        } catch is SelectionFailed {
          selects = false
        } catch is SeekFailed {
          seeks = false
        }
        media_log_begin()
        media_use_cpu_flags(request.forcedCPUFlags ?? -1)
      }
    }
  }

  private static func answer(
    _ request: DecodeRequest, _ input: MediaInput?, seeks: Bool, selects: Bool
  ) throws -> DecodeOutcome {
    do {
      let input = try input ?? MediaInput(request.source, codecs: request.codecs ?? .all)
      switch request.work {
      case .audio: return try audio(request, input, seeks: seeks)
      case .frames(let rate, let shortSide):
        return try frames(try open(input, seeks), request, rate, shortSide, selects)
      case .length: return DecodeOutcome(reply: DecodeReply(findings: [], length: try open(input, seeks).length()))
      case .image(let side): return DecodeOutcome(reply: DecodeReply(findings: []), payload: try image(input, side))
      case .waveform(let first, let count):
        return try waveform(request, input, first: first, count: count, seeks: seeks)
      }
    } catch let refusal as Refusal {
      return DecodeOutcome(reply: DecodeReply(findings: [refusal.finding]))
    }
  }

  private static func open(_ input: MediaInput, _ seeks: Bool) throws -> MediaFile {
    let file = try MediaFile(input, seeks: seeks)
    if file.hasNeither { throw Refusal(.unreadable("neither audio nor video in it")) }
    return file
  }

  private static func audio(_ request: DecodeRequest, _ input: MediaInput, seeks: Bool) throws -> DecodeOutcome {
    // The vector versions of a float decoder differ in the last bit; the plain C version is the same everywhere.
    media_use_cpu_flags(0)
    let clip = try ClipAudio(
      input, start: request.start, seconds: request.seconds, seeks: seeks, plain: request.forcedCPUFlags == 0)
    return DecodeOutcome(
      reply: DecodeReply(findings: clip.findings.sorted(), audio: clip.facts),
      payload: try FlacEncoder.encode(clip.samples, rate: AudioStream.rate))
  }

  /// A piece lasts at most an hour, because the reply must fit into a message.
  private static let longestPiece = 3600

  private static func waveform(
    _ request: DecodeRequest, _ input: MediaInput, first: Int, count: Int, seeks: Bool
  ) throws -> DecodeOutcome {
    media_use_cpu_flags(0)
    let piece = try AudioStreams.piece(
      request, input, first: max(0, first), count: min(max(1, count), longestPiece), seeks: seeks,
      plain: request.forcedCPUFlags == 0)
    return DecodeOutcome(
      reply: DecodeReply(findings: piece.findings.sorted(), audio: piece.facts, continues: !piece.isLast),
      payload: piece.samples.withUnsafeBytes { Array($0.prefix(4 * piece.count)) })
  }

  /// A file larger than this is not an image from a camera or a scanner.
  private static let mostImageBytes = 1 << 28
  private static let imageSides = 1...1024

  private static func image(_ input: MediaInput, _ side: Int) throws -> [UInt8] {
    guard input.size <= mostImageBytes, imageSides.contains(side) else {
      throw Refusal(.unreadable("\(input.size) bytes, to \(side) pixels"))
    }
    let bytes = [UInt8](unsafeUninitializedCapacity: input.size) { buffer, count in
      count = buffer.baseAddress.map { input.read(into: $0, at: 0, count: input.size) } ?? 0
    }
    do {
      return try Bitmap(decoding: bytes, source: input.source.path).squared(side: side).pixels
    } catch let failure as Failure {
      throw Refusal(.unreadable(failure.found ?? failure.what))
    }
  }

  private static func frames(
    _ file: MediaFile, _ request: DecodeRequest, _ rate: FrameRate, _ shortSide: Int, _ selects: Bool
  ) throws -> DecodeOutcome {
    var sampler = try FrameSampler(
      file, start: request.start, seconds: request.seconds, rate: rate, shortSide: shortSide, selects: selects)
    let result = try sampler.decode()
    return DecodeOutcome(
      reply: DecodeReply(findings: result.findings.sorted(), frames: result.facts),
      payload: FramePack.encode(result.frames))
  }
}
