import Basics
import StageGraph
import TestSupport
import Testing

@testable import RemoteCache

/// Each kind of remote cache, for what all of them hold to.
enum CacheKind: String, CaseIterable, Sendable {
  case server, directory
}

/// A cache of a kind, and its files from outside.
final class CacheUnderTest {
  let kind: CacheKind
  let scratch: Scratch
  private let double: CacheDouble?

  init(_ kind: CacheKind) throws {
    (self.kind, scratch) = (kind, try Scratch())
    double = kind == .server ? try CacheDouble(scratch["cache"]) : nil
  }

  var url: String { double?.url ?? "file://\(scratch["cache"])" }

  /// One that knows nothing of others.
  func cache(sizeLimit: Int? = nil) throws -> RemoteCache {
    RemoteCache(try CacheAddress(url, sizeLimit: sizeLimit, environment: [:]), stages: ["scale"])
  }

  func path(_ store: String, _ digest: Digest) -> String {
    let directory = scratch["cache/\(store)"]
    return kind == .server ? "\(directory)/\(digest.hex)" : "\(directory)/\(digest.hex.prefix(2))/\(digest.hex)"
  }

  /// Names of what is kept under `ac` or `cas`, in byte order.
  func names(_ store: String) throws -> [String] {
    let names = (try? Files.names(in: scratch["cache/\(store)"])) ?? []
    guard kind == .directory else { return names }
    return try names.flatMap { try Files.names(in: scratch["cache/\(store)/\($0)"]) }.sorted(by: precedesInBytes)
  }
}

/// Results of a pretended action.
enum SomeResults {
  static func output(_ name: String, _ text: String) -> NamedOutput {
    NamedOutput(name: name, digest: Digest(of: text), bytes: Array(text.utf8))
  }

  static func outputs(_ k: Int = 0) -> [NamedOutput] {
    [output("product", String(repeating: "\(k) ", count: 900)), output("summary", #"{"product":\#(k)}"#)]
  }

  static func fingerprint(_ k: Int) -> Digest { Digest(of: "fingerprint \(k)") }
}
