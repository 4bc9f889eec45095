import Basics
import Foundation
import Glibc

/// Work that may fail on only some of the ranks.
extension RankGroup {
  /// Runs `body` on each rank and returns when all have done it.
  /// - Throws: on every rank, the error of the first rank that failed, with its number.
  package func together<Value>(_ body: () throws -> Value) throws -> Value {
    guard !isAlone else { return try body() }
    let outcome = Result { try body() }
    var report = Report(host: Self.host)
    do { _ = try outcome.get() } catch { report.failure = Report.Words(error) }
    let reports = try texts(CanonicalJSON.bytes(report)).enumerated().map { rank, bytes in
      try CanonicalJSON.decode(Report.self, from: bytes, source: "rank \(rank)")
    }
    for (rank, report) in reports.enumerated() {
      guard let words = report.failure else { continue }
      throw shared(words.failure(of: rank == 0 ? nil : "rank \(rank) on \(report.host)"))
    }
    return try outcome.get()
  }

  package static var host: String {
    var name = [CChar](repeating: 0, count: 256)
    guard gethostname(&name, name.count - 1) == 0 else { return "" }
    return name.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? "" }
  }

  private struct Report: Codable {
    var host: String
    var failure: Words?

    /// A `Failure` as sent between ranks.
    struct Words: Codable {
      var code: String
      var what: String
      var subject: String?
      var found: String?
      var expected: String?
      var hint: String?
      var exit: Int32

      init(_ error: any Error) {
        let failure = error as? Failure ?? Failure("unexpected", "something unforeseen went wrong", found: "\(error)")
        (code, what, subject, found) = (failure.code, failure.what, failure.subject, failure.found)
        (expected, hint, exit) = (failure.expected, failure.hint, failure.exit.rawValue)
      }

      func failure(of rank: String?) -> Failure {
        let subject = [rank, self.subject].compactMap { $0 }.joined(separator: ": ")
        return Failure(
          code, what, on: subject.isEmpty ? nil : subject, found: found, expected: expected, hint: hint,
          exit: ExitStatus(rawValue: exit))
      }
    }
  }
}

/// The processors that each rank may use on its machine.
extension RankGroup {
  private struct Place: Codable {
    var host: String
    /// The processors that the rank may run on.
    var processors: [Int]
  }

  /// The number of threads for this rank: its processors, divided by the number of ranks that may run on the same ones.
  /// Processors that Slurm gives to a task are not shared.
  package func threads() throws -> Int {
    let environment = ProcessInfo.processInfo.environment
    let own = Place(host: Self.host, processors: Self.processors)
    let places = try texts(CanonicalJSON.bytes(own)).enumerated().map { rank, bytes in
      try CanonicalJSON.decode(Place.self, from: bytes, source: "rank \(rank)")
    }
    guard environment["SLURM_CPUS_PER_TASK"] == nil else { return Machine.processors }
    let sharing = places.count { $0.host == own.host && !Set($0.processors).isDisjoint(with: own.processors) }
    return max(1, Machine.processors / max(1, sharing))
  }

  /// The processors that this process may run on, from the kernel's list such as `0-3,8`.
  private static var processors: [Int] {
    guard let file = try? InputFile("/proc/self/status") else { return [] }
    var bytes = [UInt8](repeating: 0, count: 16_384)
    guard let count = try? bytes.withUnsafeMutableBytes({ try file.read(into: $0) }) else { return [] }
    let name = "Cpus_allowed_list:"
    let line = String(decoding: bytes[..<count], as: UTF8.self).split(separator: "\n").first { $0.hasPrefix(name) }
    return (line?.dropFirst(name.count).split(separator: ",") ?? []).flatMap { part -> [Int] in
      let ends = part.split(separator: "-").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
      guard let first = ends.first, let last = ends.last, first <= last, last < 65_536 else { return [] }
      return Array(first...last)
    }
  }
}
