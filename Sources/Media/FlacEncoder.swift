import Basics
import CSndFile

/// 16-bit sound as FLAC in memory.
///
/// Level 0 uses the format's fixed predictors alone, which are integer arithmetic: the bytes do not depend on the CPU. No date and no
/// tags but the encoder's own name.
enum FlacEncoder {
  /// - Throws: `Failure` when libsndfile cannot write FLAC at all.
  static func encode(_ samples: [Int16], rate: Int) throws -> [UInt8] {
    let memory = Memory()
    var io = SF_VIRTUAL_IO(
      get_filelen: { sf_count_t(Memory.of($0).bytes.count) },
      seek: { Memory.of($2).seek(Int($0), $1) },
      read: { sf_count_t(Memory.of($2).read(into: $0, Int($1))) },
      write: { sf_count_t(Memory.of($2).write($0, Int($1))) },
      tell: { sf_count_t(Memory.of($0).position) })
    var info = SF_INFO()
    info.samplerate = Int32(rate)
    info.channels = 1
    info.format = Int32(SF_FORMAT_FLAC) | Int32(SF_FORMAT_PCM_16)
    guard let file = sf_open_virtual(&io, Int32(SFM_WRITE), &info, Unmanaged.passUnretained(memory).toOpaque()) else {
      throw Failure.flac(String(cString: sf_strerror(nil)))
    }
    var level = 0.0
    let accepted = sf_command(file, Int32(SFC_SET_COMPRESSION_LEVEL), &level, Int32(MemoryLayout<Double>.size))
    let written = sf_write_short(file, samples, sf_count_t(samples.count))
    let reason = String(cString: sf_strerror(file))
    let closed = sf_close(file)
    guard accepted == SF_TRUE, Int(written) == samples.count, closed == 0 else { throw Failure.flac(reason) }
    return withExtendedLifetime(memory) { memory.bytes }
  }

  /// The name that libFLAC writes into each file, version included: part of the bytes, so part of the toolchain's identity.
  static func vendor() -> String? {
    guard let bytes = try? encode([0], rate: 16_000) else { return nil }
    let mark = Array("reference libFLAC".utf8)
    guard bytes.count > mark.count,
      let start = bytes.indices.dropLast(mark.count).first(where: { bytes[$0...].starts(with: mark) })
    else { return nil }
    return String(decoding: bytes[start...].prefix { (0x20...0x7E).contains($0) }, as: UTF8.self)
  }

  /// What libsndfile writes to in place of a file.
  private final class Memory {
    var bytes: [UInt8] = []
    var position = 0

    static func of(_ pointer: UnsafeMutableRawPointer?) -> Memory {
      guard let pointer else { return Memory() }
      return Unmanaged<Memory>.fromOpaque(pointer).takeUnretainedValue()
    }

    func seek(_ offset: Int, _ whence: Int32) -> sf_count_t {
      let base =
        switch Int(whence) {
        case Int(SF_SEEK_CUR): position
        case Int(SF_SEEK_END): bytes.count
        default: 0
        }
      position = max(0, base + offset)
      return sf_count_t(position)
    }

    func read(into target: UnsafeMutableRawPointer?, _ count: Int) -> Int {
      let available = max(0, min(count, bytes.count - position))
      guard available > 0, let target else { return 0 }
      bytes.withUnsafeBytes { $0.baseAddress.map { target.copyMemory(from: $0 + position, byteCount: available) } }
      position += available
      return available
    }

    func write(_ source: UnsafeRawPointer?, _ count: Int) -> Int {
      guard count > 0, let source else { return 0 }
      if bytes.count < position + count {
        bytes.append(contentsOf: repeatElement(0, count: position + count - bytes.count))
      }
      bytes.withUnsafeMutableBytes { $0.baseAddress.map { ($0 + position).copyMemory(from: source, byteCount: count) } }
      position += count
      return count
    }
  }
}
