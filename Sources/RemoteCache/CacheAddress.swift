import Basics
import Foundation

/// Where a remote cache is: a server, or a directory that several machines see.
package enum CacheAddress: Sendable {
  case server(CacheServer)
  case directory(CacheDirectory)

  /// - Parameters:
  ///   - url: `http://…`, `https://…` or `file:///…`.
  ///   - sizeLimit: the most bytes that a directory may hold; nil: as many as there are.
  ///   - environment: where a server's credentials are sought.
  /// - Throws: a usage `Failure`, in which no credentials stand.
  package init(_ url: String, sizeLimit: Int? = nil, environment: [String: String]) throws {
    if url.hasPrefix(CacheDirectory.scheme) {
      self = .directory(try CacheDirectory(url, sizeLimit: sizeLimit))
    } else {
      guard sizeLimit == nil else { throw Failure.sizeOfServer(CacheServer.redacted(url)) }
      self = .server(try CacheServer(url, environment: environment))
    }
  }

  /// To be shown: without credentials.
  package var name: String {
    switch self {
    case .server(let server): server.name
    case .directory(let directory): directory.name
    }
  }

  /// What to warn of before anything is sent; nil where nothing.
  package var warning: Failure? {
    if case .server(let server) = self, server.isExposed { .exposedCredentials(server) } else { nil }
  }
}

/// A directory that serves as a remote cache.
package struct CacheDirectory: Sendable {
  static let scheme = "file://"

  /// Absolute; without a slash at its end.
  package let path: String
  /// The most bytes that its files may have together; nil: as many as there are.
  package let sizeLimit: Int?

  /// - Parameter url: `file:///path`, in which `%20` and the like stand for other characters.
  /// - Throws: a usage `Failure` for another host than this one, a relative path, and the root of the file system.
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
