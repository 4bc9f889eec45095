import Basics

/// FLAC in memory, as decode workers and training shards hold it.
package enum DecodedSound {
  /// The first `samples` samples in −1…1.
  /// - Throws: `training.sound` when it is no 16 kHz mono sound.
  package static func samples(_ flac: [UInt8], count: Int, name: String) throws -> [Float] {
    try [Float](unsafeUninitializedCapacity: count) { buffer, filled in
      guard let place = buffer.baseAddress else { return }
      place.update(repeating: 0, count: count)
      try flac.withUnsafeBytes { try FlacDecoder.decode($0, samples: count, clip: name, into: place) }
      filled = count
    }
  }

  /// What the encoder wrote down of the samples themselves, whatever its version and level: the MD5 in STREAMINFO. Nil where the
  /// stream has none.
  package static func contentKey(_ flac: UnsafeRawBufferPointer) -> String? {
    let (mark, digest) = (Array("fLaC".utf8), 26..<42)
    guard flac.count >= digest.upperBound, flac.prefix(4).elementsEqual(mark), flac[4] & 0x7F == 0 else { return nil }
    let bytes = flac[digest]
    guard bytes.contains(where: { $0 != 0 }) else { return nil }
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
