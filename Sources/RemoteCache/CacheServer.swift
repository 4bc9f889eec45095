// A cache server and its credentials. Credentials leave this type only as libcurl options: the server's name, which
// people, logs and the catalog see, contains none.

import Basics
import CCurl

/// A remote cache, given by its address.
package struct CacheServer: Sendable {
  /// How to authenticate to the server.
  enum Credentials: Sendable {
    case basic(user: String, password: String)
    case bearer(String)
    /// The entry for the host in a netrc file, if there is one; nil: the file in the home directory.
    case netrc(String?)
  }

  /// The environment variables for credentials.
  package enum Variable {
    package static let token = "PIPELINE_REMOTE_CACHE_TOKEN"
    package static let user = "PIPELINE_REMOTE_CACHE_USER"
    package static let password = "PIPELINE_REMOTE_CACHE_PASSWORD"
    package static let netrc = "NETRC"
  }

  /// The versions of libcurl and its TLS library, for `doctor`: `7.88.1, OpenSSL/3.0.17`.
  package static var library: String {
    let words = String(cString: curl_version()).split(separator: " ").prefix(2)
    return words.joined(separator: ", ").replacing("libcurl/", with: "")
  }

  /// The address without credentials and without a slash at its end.
  let address: String
  let credentials: Credentials
  /// The address for display, with `***@` if it was given with credentials.
  package let name: String
  /// Whether credentials would be sent unencrypted: plain http to another machine.
  package let isExposed: Bool

  /// - Parameters:
  ///   - url: `http` or `https`; without query and fragment.
  ///   - environment: where credentials are looked up, in this order: the token; user and password; those of the URL;
  ///     the netrc file.
  /// - Throws: a usage `Failure`, which contains no credentials.
  package init(_ url: String, environment: [String: String]) throws {
    let shown = Self.redacted(url)
    guard let parts = curl_url() else { throw Failure.addressUnreadable(shown) }
    defer { curl_url_cleanup(parts) }
    guard curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK, let scheme = Self.part(parts, CURLUPART_SCHEME),
      ["http", "https"].contains(scheme), let host = Self.part(parts, CURLUPART_HOST), !host.isEmpty,
      Self.part(parts, CURLUPART_QUERY) == nil, Self.part(parts, CURLUPART_FRAGMENT) == nil
    else { throw Failure.addressUnreadable(shown) }
    let user = Self.part(parts, CURLUPART_USER, decoded: true)
    let password = Self.part(parts, CURLUPART_PASSWORD, decoded: true)
    curl_url_set(parts, CURLUPART_USER, nil, 0)
    curl_url_set(parts, CURLUPART_PASSWORD, nil, 0)
    guard var address = Self.part(parts, CURLUPART_URL) else { throw Failure.addressUnreadable(shown) }
    while address.hasSuffix("/") { address.removeLast() }
    self.address = address
    let hasOwn = user != nil || password != nil
    name = hasOwn ? address.replacing("://", with: "://***@", maxReplacements: 1) : address
    credentials = try Self.credentials(environment, own: hasOwn ? (user ?? "", password ?? "") : nil)
    let isNumbers = host.utf8.allSatisfy {
      $0 == UInt8(ascii: ".") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
    }
    let isLocal = host == "localhost" || host.hasPrefix("127.") && isNumbers || host == "[::1]"
    let isNetrc = if case .netrc = credentials { true } else { false }
    isExposed = scheme == "http" && !isLocal && !isNetrc
  }

  private static func credentials(_ environment: [String: String], own: (user: String, password: String)?) throws
    -> Credentials
  {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    if let token = value(Variable.token) { return .bearer(token) }
    switch (value(Variable.user), value(Variable.password)) {
    case (let user?, let password?): return .basic(user: user, password: password)
    case (nil, nil): break
    case (_?, nil): throw Failure.credentialsHalf(Variable.user, without: Variable.password)
    case (nil, _?): throw Failure.credentialsHalf(Variable.password, without: Variable.user)
    }
    if let own { return .basic(user: own.user, password: own.password) }
    let file = value(Variable.netrc)
    if let file, !Files.exists(file) { throw Failure.netrcMissing(file) }
    return .netrc(file)
  }

  private static func part(_ parts: OpaquePointer, _ part: CURLUPart, decoded: Bool = false) -> String? {
    var text: UnsafeMutablePointer<CChar>?
    // CURLU_URLDECODE.
    guard curl_url_get(parts, part, &text, decoded ? 1 << 6 : 0) == CURLUE_OK, let text else { return nil }
    defer { curl_free(text) }
    return String(cString: text)
  }

  /// The text with everything between `://`, or its beginning, and the last `@` replaced, whether it is a URL or not: a
  /// password may contain an unescaped slash.
  package static func redacted(_ text: String) -> String {
    let start = text.firstRange(of: "://")?.upperBound ?? text.startIndex
    guard let at = text[start...].lastIndex(of: "@") else { return text }
    return "\(text[..<start])***\(text[at...])"
  }
}
