import Basics
import CSystem
import Corpus
import Foundation

/// A deliberate fault, to test that a clip that breaks its decoder affects only itself. It has no effect unless the
/// worker's environment has PIPELINE_TEST_FAULTS=1.
enum TestFault: String, CaseIterable {
  case crash, hang, allocate
  /// An error that Swift traps.
  case trap
  /// One of the attempts of `CSystem/escapes.c`, named by the rest of the path.
  case attempt
  /// Replies without decoding, to measure everything else.
  case pretend

  init?(_ request: DecodeRequest) {
    guard ProcessInfo.processInfo.environment["PIPELINE_TEST_FAULTS"] == "1" else { return nil }
    let named = request.testFault.flatMap(TestFault.init(rawValue:))
    guard let fault = named ?? Self.allCases.first(where: { request.source.path.contains("fault-\($0.rawValue)") })
    else {
      return nil
    }
    self = fault
  }

  func happen(to request: DecodeRequest) -> DecodeOutcome {
    switch self {
    case .crash: abort()
    case .trap: return DecodeOutcome(reply: DecodeReply(findings: []), payload: [[UInt8]]()[request.seconds])
    case .attempt:
      let name = request.source.path.split(separator: "+").dropFirst().first.map(String.init) ?? ""
      let result = [1: "done", 0: "refused"][system_attempt(name)] ?? "no attempt \(name)"
      return DecodeOutcome(reply: DecodeReply(findings: [Finding(.audioMissing, "\(name): \(result)")]))
    case .hang: while true { sleep(3600) }
    case .allocate:
      // Only address space counts: the memory is not touched.
      var (blocks, size): ([UnsafeMutableRawPointer], Int) = ([], 64 << 20)
      while blocks.count < 1 << 16,
        let block = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), block != MAP_FAILED
      { blocks.append(block) }
      for block in blocks { munmap(block, size) }
      return DecodeOutcome(reply: DecodeReply(findings: [.outOfMemory("allocating for a test")]))
    case .pretend:
      let payload = Array("\(request.work) of \(request.source.path)".utf8)
      // Every clip has its own facts, as real ones do.
      let covered = 9.75 + Double(Digest(of: request.source.path).prefix64 % 100_000) * 1e-5 / 4
      let times = (0..<10).map { Double($0) + covered * 1e-3 }
      return switch request.work {
      case .audio:
        DecodeOutcome(
          reply: DecodeReply(
            findings: [],
            audio: AudioFacts(
              coveredSeconds: covered, firstAudioSeconds: 0, sourceRate: 48_000, channels: 2, codec: "aac",
              decodeErrors: 0,
              fileSeconds: 10)), payload: payload)
      case .image(let side):
        DecodeOutcome(
          reply: DecodeReply(findings: []), payload: [UInt8](repeating: 0, count: side * side * 3))
      case .length: DecodeOutcome(reply: DecodeReply(findings: [], length: 10))
      case .waveform:
        DecodeOutcome(
          reply: DecodeReply(findings: [], continues: false), payload: [UInt8](repeating: 0, count: 4 * 16_000))
      case .frames:
        DecodeOutcome(
          reply: DecodeReply(
            findings: [],
            frames: FrameFacts(
              width: 340, height: 256, codec: "h264", frameTimes: times, coveredSeconds: covered, isStill: false,
              decodeErrors: 0)),
          payload: payload)
      }
    }
  }
}
