import Basics
import CSndFile

/// Encodes audio small enough for a web page with many clips: as MP3 if libsndfile can write it, else as Ogg Vorbis.
/// The result is only for listening; nothing is computed from it.
package enum AudioPreview {
  /// MP3 in the numbers that libsndfile uses since version 1.1: older headers do not define them, and older libraries
  /// reject them.
  private static let formats = [0x23_0000 | 0x82, SF_FORMAT_OGG | SF_FORMAT_VORBIS]
  /// On libsndfile's scale from the largest file (0) to the smallest (1): about 28 kbit/s for MP3 at 16 kHz.
  private static let compression = 0.87

  /// - Parameter samples: in −1…1, one channel at 16 kHz.
  /// - Returns: nil if no such format can be written.
  package static func encode(_ samples: [Float]) -> [UInt8]? {
    formats.lazy.compactMap { encode(samples, format: Int32($0)) }.first
  }

  private static func encode(_ samples: [Float], format: Int32) -> [UInt8]? {
    let memory = VirtualFile()
    var info = SF_INFO()
    (info.samplerate, info.channels, info.format) = (Int32(FrontEnd.sampleRate), 1, format)
    guard sf_format_check(&info) == SF_TRUE, let file = memory.open(Int(SFM_WRITE), &info) else { return nil }
    var level = compression
    sf_command(file, Int32(SFC_SET_COMPRESSION_LEVEL), &level, Int32(MemoryLayout<Double>.size))
    // Vorbis accepts only a few seconds at a time.
    var written = 0
    samples.withUnsafeBufferPointer { samples in
      while written < samples.count, let start = samples.baseAddress {
        let count = sf_write_float(file, start + written, sf_count_t(min(1 << 14, samples.count - written)))
        guard count > 0 else { return }
        written += Int(count)
      }
    }
    let closed = sf_close(file)
    guard written == samples.count, closed == 0 else { return nil }
    return withExtendedLifetime(memory) { memory.written.isEmpty ? nil : memory.written }
  }
}
