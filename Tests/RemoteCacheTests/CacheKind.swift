import Basics
import StageGraph
import TestSupport
import Testing

@testable import RemoteCache

/// Each kind of remote cache, for the contract of all of them.
enum CacheKind: String, CaseIterable, Sendable {
  case server, directory
}

/// A remote cache of one kind, with access to its files.
final class CacheUnderTest {
  let kind: CacheKind
  let scratch: Scratch
  private let double: CacheDouble?

  init(_ kind: CacheKind) throws {
    (self.kind, scratch) = (kind, try Scratch())
    double = kind == .server ? try CacheDouble(scratch["cache"]) : nil
  }

  var url: String { double?.url ?? "file://\(scratch["cache"])" }

  /// A new client of the cache that shares no state with others.
  func cache(sizeLimit: Int? = nil) throws -> RemoteCache {
    RemoteCache(try CacheAddress(url, sizeLimit: sizeLimit, environment: [:]), stages: ["scale"])
  }

  func path(_ store: String, _ digest: Digest) -> String {
    let directory = scratch["cache/\(store)"]
    return kind == .server ? "\(directory)/\(digest.hex)" : "\(directory)/\(digest.hex.prefix(2))/\(digest.hex)"
  }

  /// Names of the entries under `ac` or `cas`, in byte order.
  func names(_ store: String) throws -> [String] {
    let names = (try? Files.names(in: scratch["cache/\(store)"])) ?? []
    guard kind == .directory else { return names }
    return try names.flatMap { try Files.names(in: scratch["cache/\(store)/\($0)"]) }.sorted(by: precedesInBytes)
  }
}

/// Results of a made-up action.
enum SomeResults {
  static func output(_ name: String, _ text: String) -> NamedOutput {
    NamedOutput(name: name, digest: Digest(of: text), bytes: Array(text.utf8))
  }

  static func outputs(_ k: Int = 0) -> [NamedOutput] {
    [output("product", String(repeating: "\(k) ", count: 900)), output("summary", #"{"product":\#(k)}"#)]
  }

  static func fingerprint(_ k: Int) -> Digest { Digest(of: "fingerprint \(k)") }
}
