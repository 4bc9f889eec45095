import Basics
import Foundation
import SwiftProtobuf

/// A TensorBoard event file. Each record is a length, its checksum, an `Event`, and its checksum (TFRecord's framing).
final class EventFile {
  private let path: String
  private let handle: FileHandle

  /// Replaces the file by one with the events of `lines`.
  init(_ path: String, lines: [MetricsLog.Line]) throws {
    self.path = path
    var first = Tensorboard_Event()
    first.fileVersion = "brain.Event:2"
    first.wallTime = lines.first?.time ?? Date().timeIntervalSince1970
    var bytes = try Self.record(first)
    for line in lines { bytes += try Self.record(Self.event(line)) }
    try Files.write(bytes, to: path)
    guard let handle = FileHandle(forWritingAtPath: path) else { throw Failure.system("open", path) }
    self.handle = handle
    handle.seekToEndOfFile()
  }

  deinit { try? handle.close() }

  func append(_ line: MetricsLog.Line) throws {
    let bytes = try Self.record(Self.event(line))
    do { try handle.write(contentsOf: Data(bytes)) } catch { throw Failure.system("write", path) }
  }

  private static func event(_ line: MetricsLog.Line) -> Tensorboard_Event {
    var event = Tensorboard_Event()
    event.wallTime = line.time ?? 0
    event.step = Int64(line.step)
    for (tag, value) in line.scalars {
      var entry = Tensorboard_Summary.Value()
      entry.tag = tag
      entry.simpleValue = Float(value)
      event.summary.value.append(entry)
    }
    return event
  }

  private static func record(_ event: Tensorboard_Event) throws -> [UInt8] {
    let body: [UInt8] = try event.serializedBytes()
    var record = ByteWriter(reserving: body.count + 16)
    record.write(UInt64(body.count))
    record.write(mask(record.bytes))
    record.write(body)
    record.write(mask(body))
    return record.bytes
  }

  /// The masked CRC-32C of TFRecord: rotated, plus a constant.
  private static func mask(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = ~0
    for byte in bytes { crc = table[Int((crc ^ UInt32(byte)) & 255)] ^ (crc >> 8) }
    crc = ~crc
    return ((crc >> 15) | (crc << 17)) &+ 0xa282_ead8
  }

  private static let table: [UInt32] = (0..<256).map { index in
    (0..<8).reduce(UInt32(index)) { value, _ in value & 1 == 1 ? 0x82f6_3b78 ^ (value >> 1) : value >> 1 }
  }
}

extension MetricsLog.Line {
  /// The values of a line with their TensorBoard tags.
  fileprivate var scalars: [(String, Double)] {
    var result: [(String, Double)] = []
    let optional: [(String, Double?)] =
      kind == "epoch"
      ? [("loss/epoch", loss), ("loss/validation", validationLoss), ("learning rate", learningRate)]
      : [
        ("loss/step", loss), ("gradient norm", gradientNorm), ("clips per second", samplesPerSecond),
        ("learning rate", learningRate),
      ]
    for (tag, value) in optional { if let value { result.append((tag, value)) } }
    for (name, value) in (temperatures ?? [:]).sorted(by: { $0.key < $1.key }) {
      result.append(("temperature/\(name)", value))
    }
    for (name, value) in (retrieval ?? [:]).sorted(by: { $0.key < $1.key }) {
      result.append(("retrieval/\(name)", value))
    }
    for (name, value) in (captions ?? [:]).sorted(by: { $0.key < $1.key }) {
      result.append(("captions/\(name)", value))
    }
    return result
  }
}
