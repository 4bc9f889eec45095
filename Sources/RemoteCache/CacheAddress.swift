import Basics
import Foundation

/// The address of a remote cache: a server, or a directory shared by several machines.
package enum CacheAddress: Sendable {
  case server(CacheServer)
  case directory(CacheDirectory)

  /// - Parameters:
  ///   - url: `http://…`, `https://…` or `file:///…`.
  ///   - sizeLimit: the maximum size of a directory in bytes; nil: no limit.
  ///   - environment: where a server's credentials are looked up.
  /// - Throws: a usage `Failure`, which contains no credentials.
  package init(_ url: String, sizeLimit: Int? = nil, environment: [String: String]) throws {
    if url.hasPrefix(CacheDirectory.scheme) {
      self = .directory(try CacheDirectory(url, sizeLimit: sizeLimit))
    } else {
      guard sizeLimit == nil else { throw Failure.sizeOfServer(CacheServer.redacted(url)) }
      self = .server(try CacheServer(url, environment: environment))
    }
  }

  /// The address for display, without credentials.
  package var name: String {
    switch self {
    case .server(let server): server.name
    case .directory(let directory): directory.name
    }
  }

  /// A warning to show before anything is sent; nil if there is none.
  package var warning: Failure? {
    if case .server(let server) = self, server.isExposed { .exposedCredentials(server) } else { nil }
  }
}

/// A directory that serves as a remote cache.
package struct CacheDirectory: Sendable {
  static let scheme = "file://"

  /// An absolute path, without a slash at its end.
  package let path: String
  /// The maximum total size of its files in bytes; nil: no limit.
  package let sizeLimit: Int?

  /// - Parameter url: `file:///path`; percent escapes such as `%20` are decoded.
  /// - Throws: a usage `Failure` for a host other than this one, a relative path, or the root of the file system.
  init(_ url: String, sizeLimit: Int?) throws {
    var rest = url.dropFirst(Self.scheme.count)
    if rest.hasPrefix("localhost/") { rest = rest.dropFirst("localhost".count) }
    guard rest.hasPrefix("/"), !rest.contains("?"), !rest.contains("#"), var path = rest.removingPercentEncoding,
      !path.utf8.contains(0)
    else { throw Failure.addressUnreadable(CacheServer.redacted(url)) }
    while path.hasSuffix("/") { path.removeLast() }
    guard !path.isEmpty else { throw Failure.addressUnreadable(url) }
    (self.path, self.sizeLimit) = (path, sizeLimit)
  }

  package var name: String { Self.scheme + path }
}
