import Basics
import Corpus

@testable import Media
@testable import RemoteCache
@testable import StageGraph

/// Receives all messages in these bytes, as from a socket.
private func receive<H: Decodable>(_ type: H.Type, from bytes: [UInt8]) throws {
  var rest = bytes[...]
  while true {
    let message = try WorkerMessage.receive(type) { count in
      guard !rest.isEmpty else { return nil }
      let part = Array(rest.prefix(count))
      rest = rest.dropFirst(count)
      return part
    }
    if message == nil { return }
  }
}

private let fingerprint = Digest(of: "action")

/// Readers of this program's own records, and of its messages to workers and caches.
let recordTargets = [
  FuzzTarget(
    name: "request",
    seeds: {
      try [DecodeRequest.Work.audio, .waveform(first: 1, count: 2), .image(side: 224), .length].map {
        try WorkerMessage.bytes(DecodeRequest(MediaSource("/a.mp4", bytes: 1..<20), work: $0))
      }
    }, read: { try receive(DecodeRequest.self, from: $0) }),
  FuzzTarget(
    name: "reply",
    seeds: {
      [
        try WorkerMessage.bytes(
          DecodeReply(findings: [Finding(.mediaErrors, "3")], continues: true, length: 10.5), payload: [1, 2, 3])
      ]
    }, read: { try receive(DecodeReply.self, from: $0) }),
  FuzzTarget(
    name: "action-result",
    seeds: {
      let outputs = [ActionResult.summaryName, "flac"].map {
        NamedOutput(name: $0, digest: Digest(of: $0), bytes: Array($0.utf8))
      }
      return try [true, false].map { try SharedAnswer.bytes(fingerprint, stage: "s", outputs, inlined: $0) }
    },
    read: { bytes in
      do { _ = try SharedAnswer(bytes, to: fingerprint, stage: "s") } catch let trouble as Trouble {
        withExtendedLifetime(trouble) {}
      }
    }),
  FuzzTarget(
    name: "catalog-row",
    seeds: {
      let record = RecordBody(
        subject: "clip", configuration: 1, fingerprint: fingerprint, inputs: [("source", fingerprint)],
        outputs: [("flac", Artifact(digest: fingerprint, size: 12))], isFinal: true)
      return [record.bytes]
    },
    read: { bytes in
      guard bytes.withUnsafeBytes(RecordBody.isWhole) else { return }
      let record = RecordBody(page: BytePage(bytes), start: 0, count: Int32(bytes.count))
      _ = (record.inputs, record.outputs, record.subject, record.output("flac"), Array(record.outputBytes))
    }),
]
