import Basics
import CSndFile

/// Encodes 16-bit audio as FLAC in memory.
///
/// Level 0 uses only the format's fixed predictors, which are integer arithmetic, so the bytes do not depend on the
/// CPU. The file has no date and no tags except the encoder's own name.
package enum FlacEncoder {
  /// - Parameter samples: one channel, at `rate` samples per second.
  /// - Throws: `flac.encode` if libsndfile cannot write FLAC at all.
  package static func encode(_ samples: [Int16], rate: Int) throws -> [UInt8] {
    let memory = VirtualFile()
    var info = SF_INFO()
    info.samplerate = Int32(rate)
    info.channels = 1
    info.format = Int32(SF_FORMAT_FLAC) | Int32(SF_FORMAT_PCM_16)
    guard let file = memory.open(Int(SFM_WRITE), &info) else {
      throw Failure.flac(String(cString: sf_strerror(nil)))
    }
    var level = 0.0
    let accepted = sf_command(file, Int32(SFC_SET_COMPRESSION_LEVEL), &level, Int32(MemoryLayout<Double>.size))
    let written = sf_write_short(file, samples, sf_count_t(samples.count))
    let reason = String(cString: sf_strerror(file))
    let closed = sf_close(file)
    guard accepted == SF_TRUE, Int(written) == samples.count, closed == 0 else { throw Failure.flac(reason) }
    return withExtendedLifetime(memory) { memory.written }
  }

  /// The name and version that libFLAC writes into each file. It is part of the bytes and so part of the toolchain's
  /// identity.
  package static func vendor() -> String? {
    guard let bytes = try? encode([0], rate: FrontEnd.sampleRate) else { return nil }
    let mark = Array("reference libFLAC".utf8)
    guard bytes.count > mark.count,
      let start = bytes.indices.dropLast(mark.count).first(where: { bytes[$0...].starts(with: mark) })
    else { return nil }
    return String(decoding: bytes[start...].prefix { (0x20...0x7E).contains($0) }, as: UTF8.self)
  }
}
