import Basics
import CSndFile

/// Decodes FLAC in memory, as decode workers and training shards hold it.
package enum FlacDecoder {
  /// The first `count` samples in −1…1; shorter audio is padded with zeros.
  /// - Parameter name: the name used in failures.
  /// - Throws: `training.sound` if it is not 16 kHz mono audio.
  package static func samples(_ flac: [UInt8], count: Int, name: String) throws -> [Float] {
    try [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      guard let place = buffer.baseAddress else { return }
      place.update(repeating: 0, count: count)
      try flac.withUnsafeBytes { try decode($0, samples: count, name: name, into: place) }
      filled = count
    }
  }

  /// Fills `samples` floats in −1…1; shorter audio is padded with zeros.
  /// - Parameter name: the name used in failures.
  /// - Throws: `training.sound` if it is not 16 kHz mono audio.
  package static func decode(
    _ flac: UnsafeRawBufferPointer, samples: Int, name: String, into place: UnsafeMutablePointer<Float>
  ) throws {
    // libsndfile itself would accept any of its formats.
    guard flac.prefix(4).elementsEqual("fLaC".utf8) else { throw Failure.unreadableFlac(name, "no FLAC") }
    let memory = VirtualFile(reading: flac)
    var info = SF_INFO()
    guard let file = memory.open(Int(SFM_READ), &info) else {
      throw Failure.unreadableFlac(name, String(cString: sf_strerror(nil)))
    }
    defer {
      sf_close(file)
      withExtendedLifetime(memory) {}
    }
    guard info.samplerate == FrontEnd.sampleRate, info.channels == 1 else {
      throw Failure.unreadableFlac(name, "\(info.samplerate) Hz, \(info.channels) channels")
    }
    let count = Int(sf_read_float(file, place, sf_count_t(samples)))
    guard count > 0 else { throw Failure.unreadableFlac(name, String(cString: sf_strerror(file))) }
    for i in count..<max(count, samples) { place[i] = 0 }
  }

  /// The number of samples stated in a stream's header, up to one minute; nil if it is missing, zero or larger.
  package static func sampleCount(_ flac: UnsafeRawBufferPointer) -> Int? {
    let (mark, place) = (Array("fLaC".utf8), 21..<26)
    guard flac.count >= place.upperBound, flac.prefix(4).elementsEqual(mark), flac[4] & 0x7F == 0 else { return nil }
    // The lower four bits of the first byte, then the other four bytes.
    let count = flac[place].dropFirst().reduce(Int(flac[place.lowerBound] & 0x0F)) { $0 << 8 | Int($1) }
    return (1...60 * FrontEnd.sampleRate).contains(count) ? count : nil
  }

  /// The MD5 of the samples in STREAMINFO, which does not depend on the encoder's version and level. Nil if the stream
  /// has none.
  package static func contentKey(_ flac: UnsafeRawBufferPointer) -> String? {
    let (mark, digest) = (Array("fLaC".utf8), 26..<42)
    guard flac.count >= digest.upperBound, flac.prefix(4).elementsEqual(mark), flac[4] & 0x7F == 0 else { return nil }
    let bytes = flac[digest]
    guard bytes.contains(where: { $0 != 0 }) else { return nil }
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
