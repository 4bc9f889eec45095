import Basics
import Foundation
import Testing

@Suite("Bytes in order")
struct ByteTests {
  @Test("integers are little-endian, or big-endian on request; digests and sequences are appended")
  func layout() {
    var writer = ByteWriter([0xFF], reserving: 64)
    writer.write(UInt8(1))
    writer.write(UInt16(0x0203))
    writer.write(UInt32(0x0405_0607))
    writer.write(UInt64(0x0809_0A0B_0C0D_0E0F))
    writer.write(Int64(-2))
    writer.write(bigEndian: UInt32(0x1011_1213))
    writer.write("ä".utf8)
    writer.write(repeatElement(UInt8(7), count: 2))
    let expected: [UInt8] = [
      0xFF, 1, 3, 2, 7, 6, 5, 4, 0x0F, 0x0E, 0x0D, 0x0C, 0x0B, 0x0A, 9, 8, 0xFE, 255, 255, 255, 255, 255, 255, 255,
      0x10, 0x11, 0x12, 0x13, 0xC3, 0xA4, 7, 7,
    ]
    #expect(writer.bytes == expected && writer.count == expected.count)
    var digest = ByteWriter()
    digest.write(Digest(of: "abc"))
    #expect(digest.bytes == Digest(of: "abc").bytes)
  }

  @Test("a reader gives what was written, and nil at the end without moving")
  func reading() {
    var writer = ByteWriter()
    writer.write(UInt32(7))
    writer.write(Digest(of: "x"))
    writer.write("first\nsecond".utf8)
    writer.bytes.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes)
      #expect(reader.integer(UInt32.self) == 7 && reader.digest() == Digest(of: "x") && reader.offset == 36)
      #expect(reader.line() == "first" && reader.line() == nil && reader.remaining == 6)
      #expect(reader.text(7) == nil && reader.text(6) == "second" && reader.remaining == 0)
      #expect(reader.byte() == nil && reader.integer(UInt16.self) == nil && reader.digest() == nil)
      #expect(reader.take(0)?.count == 0 && reader.take(1) == nil)
    }
  }

  @Test("no length or position that a file claims causes a trap")
  func hostile() {
    let three: [UInt8] = [1, 2, 0xFF]
    three.withUnsafeBytes { bytes in
      var reader = ByteReader(bytes)
      for length in [-1, 4, .max, .min] { #expect(reader.take(length) == nil && reader.text(length) == nil) }
      for length in [4, UInt64.max, 1 << 63] { #expect(reader.take(length) == nil) }
      #expect(reader.integer(UInt64.self) == nil && reader.offset == 0)
      #expect(reader.take(UInt64(2))?.elementsEqual([1, 2]) == true)
      #expect(reader.text(1) == nil, "not UTF-8")
      for (place, offset) in [(-1, 0), (Int.min, 0), (2, 2), (3, 3), (4, 3), (.max, 3)] {
        #expect(ByteReader(bytes, at: place).offset == offset)
      }
      var empty = ByteReader(UnsafeRawBufferPointer(start: nil, count: 0))
      #expect(empty.byte() == nil && empty.line() == nil && empty.take(0)?.count == 0 && empty.take(1) == nil)
    }
  }

  /// A value that can be written and read back.
  private enum Field: Equatable {
    case byte(UInt8), short(UInt16), word(UInt32), long(UInt64), digest(Digest), text(String)

    init(_ random: inout SeededRandom) {
      let number = random.next()
      switch number % 6 {
      case 0: self = .byte(UInt8(truncatingIfNeeded: number >> 8))
      case 1: self = .short(UInt16(truncatingIfNeeded: number >> 8))
      case 2: self = .word(UInt32(truncatingIfNeeded: number >> 8))
      case 3: self = .long(random.next())
      case 4: self = .digest(Digest(of: "\(number)"))
      default: self = .text(String(repeating: "aé🎬", count: Int(number >> 8) % 20))
      }
    }

    func write(to writer: inout ByteWriter) {
      switch self {
      case .byte(let value): writer.write(value)
      case .short(let value): writer.write(value)
      case .word(let value): writer.write(value)
      case .long(let value): writer.write(value)
      case .digest(let value): writer.write(value)
      case .text(let value):
        writer.write(UInt64(value.utf8.count))
        writer.write(value.utf8)
      }
    }

    /// Reads a field of the same kind.
    func read(_ reader: inout ByteReader) -> Field? {
      switch self {
      case .byte: reader.byte().map { .byte($0) }
      case .short: reader.integer().map { .short($0) }
      case .word: reader.integer().map { .word($0) }
      case .long: reader.integer().map { .long($0) }
      case .digest: reader.digest().map { .digest($0) }
      case .text:
        reader.integer(UInt64.self).flatMap { reader.take($0) }.map { .text(String(decoding: $0, as: UTF8.self)) }
      }
    }
  }

  @Test("what is written is read back, and reading damaged bytes never passes their end")
  func mutated() {
    let named = ProcessInfo.processInfo.environment["PIPELINE_SEED"].flatMap { UInt64($0) }
    let seed = named ?? UInt64.random(in: 0..<1 << 32)
    print("ByteTests.mutated: PIPELINE_SEED=\(seed)")
    var random = SeededRandom(seed: seed, for: "bytes")
    for _ in 0..<500 {
      let fields = (0..<1 + Int(random.next() % 12)).map { _ in Field(&random) }
      var writer = ByteWriter()
      for field in fields { field.write(to: &writer) }
      writer.bytes.withUnsafeBytes { bytes in
        var reader = ByteReader(bytes)
        #expect(fields.map { $0.read(&reader) } == fields && reader.remaining == 0, "seed \(seed)")
      }
      for _ in 0..<8 {
        var bytes = writer.bytes
        for _ in 0...random.next() % 3 where !bytes.isEmpty {
          let place = Int(random.next() % UInt64(bytes.count))
          switch random.next() % 4 {
          case 0: bytes[place] ^= 1 << UInt8(random.next() % 8)
          case 1: bytes[place] = 0xFF
          case 2: bytes.removeSubrange(place...)
          default: bytes.insert(UInt8(truncatingIfNeeded: random.next()), at: place)
          }
        }
        bytes.withUnsafeBytes { bytes in
          var reader = ByteReader(bytes)
          for field in fields {
            let before = reader.offset
            let read = field.read(&reader)
            #expect((before...bytes.count).contains(reader.offset), "seed \(seed)")
            if read == nil { break }
          }
        }
      }
    }
  }
}
